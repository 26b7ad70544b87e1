import { expect, test } from "vitest";
import { hashOf, parseHash } from "@/shell/route";

test.each([
  ["", null, false],
  ["#job/abc-1", "abc-1", false],
  ["#job/abc-1/log", "abc-1", true],
  ["#job/", null, false],
  ["#job/../x", null, false],
  ["#elsewhere", null, false],
])("%j is the place %s, %s", (hash, jobId, isLogOpen) => expect(parseHash(hash)).toEqual({ jobId, isLogOpen }));

test("a place comes back from its address", () => {
  expect(parseHash(hashOf("x", true))).toEqual({ jobId: "x", isLogOpen: true });
});
