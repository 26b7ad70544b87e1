import { describe, expect, test, vi } from "vitest";
import { exampleJob } from "@/jobs/example.test.support";
import { type Jobs, JobStore, mergeJobs, visibleJobs } from "@/jobs/store";

const NONE: Jobs = new Map();
const ids = (jobs: Jobs, ...rest: [Parameters<typeof visibleJobs>[1]?, string?, ReadonlySet<string>?]) =>
  visibleJobs(jobs, rest[0] ?? "all", rest[1] ?? "", rest[2] ?? new Set()).map((job) => job.id);

describe("merging", () => {
  test("a slow list does not undo what the stream has said since", () => {
    const streamed = mergeJobs(NONE, [exampleJob({ progress: 60 })], 200);
    const listed = mergeJobs(streamed, [exampleJob({ progress: 20 }), exampleJob({ id: "two" })], 100);
    expect(listed.get("one")?.job.progress).toBe(60);
    expect(listed.has("two")).toBe(true);
  });

  test("a later word replaces an earlier one, also backwards after a retry", () => {
    const failed = mergeJobs(NONE, [exampleJob({ status: "failed" })], 1);
    expect(mergeJobs(failed, [exampleJob({ status: "queued", progress: 0 })], 2).get("one")?.job.status).toBe("queued");
  });

  test("a job that has not changed stays the same object", () => {
    const before = mergeJobs(NONE, [exampleJob()], 1);
    expect(mergeJobs(before, [exampleJob()], 2).get("one")?.job).toBe(before.get("one")?.job);
  });
});

describe("the list", () => {
  const jobs = mergeJobs(
    NONE,
    [
      exampleJob({ id: "old", status: "completed", created_at: "2026-11-20T10:00:00Z", url: "https://a.example/tides" }),
      exampleJob({ id: "new", created_at: "2026-11-20T12:00:00.5Z" }),
      exampleJob({ id: "gone", status: "canceled", created_at: "2026-11-20T11:00:00Z" }),
    ],
    1,
  );

  test("shows the newest first", () => expect(ids(jobs)).toEqual(["new", "gone", "old"]));
  test.each([
    ["active", ["new"]],
    ["completed", ["old"]],
    ["failed", ["gone"]],
  ] as const)("on the shelf %s are %j", (shelf, shown) => expect(ids(jobs, shelf)).toEqual(shown));
  test("is searched by all words", () => {
    expect(ids(jobs, "all", "TIDES a.example")).toEqual(["old"]);
    expect(ids(jobs, "all", "tides nothing")).toEqual([]);
  });
  test("takes the service's word for a match that cannot be seen here", () => {
    expect(ids(jobs, "all", "nothing", new Set(["gone"]))).toEqual(["gone"]);
  });
});

test("listeners hear of news only", () => {
  const store = new JobStore();
  const listener = vi.fn();
  const leave = store.subscribe(listener);
  store.merge([exampleJob()], 5);
  store.merge([exampleJob({ progress: 1 })], 4);
  expect(listener).toHaveBeenCalledTimes(1);
  expect(store.hasActive()).toBe(true);
  leave();
  store.merge([exampleJob({ status: "completed" })], 6);
  expect(listener).toHaveBeenCalledTimes(1);
  expect(store.hasActive()).toBe(false);
});
