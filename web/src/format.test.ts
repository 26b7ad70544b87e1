import { describe, expect, test } from "vitest";
import { formatAmount, formatBytes, formatDuration, formatEta, formatMoment, formatSpeed, hostOf, makerOf, nameOf } from "@/format";

test.each([
  [0, "0 B"],
  [999, "999 B"],
  [1000, "1.0 kB"],
  [1_234_567, "1.2 MB"],
  [99_960, "100 kB"],
  [999_999, "1.0 MB"],
  [2_147_483_648, "2.1 GB"],
  [734_003_200, "734 MB"],
  [null, ""],
  [undefined, ""],
  [Number.NaN, ""],
  [-1, ""],
])("%s bytes read as %j", (bytes, words) => expect(formatBytes(bytes)).toBe(words));

test.each([
  [12_400_000, 48_000_000, "12.4 of 48.0 MB"],
  [900_000, 48_000_000, "900 kB of 48.0 MB"],
  [900_000, null, "900 kB"],
  [null, 48_000_000, "48.0 MB"],
  [null, null, ""],
])("%s of %s reads as %j", (done, total, words) => expect(formatAmount(done, total)).toBe(words));

test("a speed of nothing is not shown", () => {
  expect(formatSpeed(3_400_000)).toBe("3.4 MB/s");
  expect(formatSpeed(0)).toBe("");
  expect(formatSpeed(null)).toBe("");
});

test.each([
  [0, "0:00"],
  [63, "1:03"],
  [59.6, "1:00"],
  [3723, "1:02:03"],
  [null, ""],
])("%s seconds last %j", (seconds, words) => expect(formatDuration(seconds)).toBe(words));

test.each([
  [0, "1 s left"],
  [59.4, "59 s left"],
  [95, "2 min left"],
  [3600, "1 h left"],
  [5400, "1 h 30 min left"],
  [7190, "2 h left"],
  [Number.POSITIVE_INFINITY, ""],
  [null, ""],
])("%s seconds to go read as %j", (seconds, words) => expect(formatEta(seconds)).toBe(words));

describe("a moment", () => {
  const now = Date.parse("2026-11-20T12:00:00Z");
  test.each([
    ["2026-11-20T11:59:40Z", "just now"],
    ["2026-11-20T11:55:00Z", "5 min ago"],
    ["2026-11-20T12:50:00Z", "in 50 min"],
    ["2026-11-20T09:00:00Z", "3 h ago"],
    ["2026-11-17T12:00:00Z", "3 d ago"],
    [null, ""],
    ["nonsense", ""],
  ])("%s reads as %j", (iso, words) => expect(formatMoment(iso, now)).toBe(words));
});

test.each([
  ["https://www.example.com/a/b%20c.zip?x=1", "example.com", "b c.zip"],
  ["https://example.com:8443/", "example.com:8443", "example.com:8443"],
  ["https://example.com/%E0%A4", "example.com", "%E0%A4"],
  ["not a url", "not a url", "not a url"],
])("%s has a host and a name", (url, host, name) => {
  expect(hostOf(url)).toBe(host);
  expect(nameOf(url)).toBe(name);
});

test.each([
  ["Saltmere TV", "https://example.com/film", "Saltmere TV"],
  ["example.com", "https://www.example.com/film", ""],
  ["www.example.com", "https://example.com/film", ""],
  ["127.0.0.1:8088", "http://127.0.0.1:8088/film", ""],
  [null, "https://example.com/film", ""],
])("%j at %s is made by %j", (uploader, url, maker) => expect(makerOf(uploader, url)).toBe(maker));
