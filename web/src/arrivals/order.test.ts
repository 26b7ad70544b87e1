import { describe, expect, test } from "vitest";
import { NO_CHOICES, objectionTo, OrderKeys, orderFor, qualitiesOf } from "@/arrivals/order";

const URL_ = "https://example.com/x";
const SUM = "a".repeat(64);

describe("an order", () => {
  test("takes the kind that was found and leaves the rest to the service", () => {
    expect(orderFor(URL_, "media", NO_CHOICES)).toEqual({ url: URL_, kind: "media" });
    expect(orderFor(URL_, undefined, NO_CHOICES)).toEqual({ url: URL_ });
  });

  test("bears a quality only where there is one to choose", () => {
    const choices = { ...NO_CHOICES, quality: "720p" as const };
    expect(orderFor(URL_, "media", choices)).toMatchObject({ quality: "720p" });
    expect(orderFor(URL_, "page", choices)).not.toHaveProperty("quality");
    expect(orderFor(URL_, "media", { ...choices, kind: "file" })).toEqual({ url: URL_, kind: "file" });
  });

  test.each([SUM, `sha256:${SUM}`, SUM.toUpperCase()])("takes the checksum %s", (checksum) => {
    expect(orderFor(URL_, "file", { ...NO_CHOICES, checksum })).toMatchObject({ checksum: `sha256:${SUM}` });
  });

  test("turns megabytes into bytes", () => {
    expect(orderFor(URL_, "file", { ...NO_CHOICES, limitMegabytes: "1.5" })).toMatchObject({ max_filesize_bytes: 1_500_000 });
  });
});

test.each([
  [{ checksum: "abc" }, /64/],
  [{ limitMegabytes: "many" }, /megabytes/],
  [{ limitMegabytes: "-1" }, /megabytes/],
  [{ limitMegabytes: "0" }, /megabytes/],
])("%j is objected to", (choices, words) => expect(objectionTo({ ...NO_CHOICES, ...choices })).toMatch(words));

test("good choices are not objected to", () => {
  expect(objectionTo(NO_CHOICES)).toBe("");
  expect(objectionTo({ ...NO_CHOICES, checksum: SUM, limitMegabytes: "700" })).toBe("");
});

test("qualities come best first, all of them where the site names none", () => {
  const metadata = { url: URL_, kind: "media" as const };
  expect(qualitiesOf({ ...metadata, qualities: ["360p", "1080p", "144p"] })).toEqual(["1080p", "360p"]);
  expect(qualitiesOf({ ...metadata, qualities: [] })).toHaveLength(6);
});

test("the same order keeps its key until it has been answered", () => {
  const keys = new OrderKeys();
  const first = keys.keyFor({ url: URL_ });
  expect(first).toMatch(/^[0-9a-f]{32}$/);
  expect(keys.keyFor({ url: URL_ })).toBe(first);
  expect(keys.keyFor({ url: URL_, kind: "file" })).not.toBe(first);
  keys.settle({ url: URL_ });
  expect(keys.keyFor({ url: URL_ })).not.toBe(first);
});
