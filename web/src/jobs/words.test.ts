import { expect, test } from "vitest";
import { exampleJob } from "@/jobs/example.test.support";
import { announcementOf, documentTitleOf, figuresOf, kindWordOf, percentOf, statusWordOf, titleOf } from "@/jobs/words";

const file = { asset_id: "a", role: "media", name: "song.mp3", path: null, size_bytes: 1000, sha256: "", content_type: "audio/mpeg", download_url: "/" };
const source = { url: "https://example.com", title: "A film", uploader: null, duration_seconds: null, thumbnail_url: null, details: {} };

test("a job is called by its title, else its file, else its address", () => {
  expect(titleOf(exampleJob({ source, files: [file] }))).toBe("A film");
  expect(titleOf(exampleJob({ files: [file] }))).toBe("song.mp3");
  expect(titleOf(exampleJob())).toBe("film");
});

test("media that is sound is called so", () => {
  expect(kindWordOf(exampleJob({ files: [file] }))).toBe("Audio");
  expect(kindWordOf(exampleJob())).toBe("Video");
});

test.each([
  [{ status: "queued", attempts: 0 }, "Waiting"],
  [{ status: "queued", attempts: 1 }, "Waiting to try again"],
  [{ status: "running", stage: null }, "Starting"],
  [{ status: "running", stage: "storing" }, "Storing"],
  [{ status: "completed" }, "Arrived"],
] as const)("%j is %j", (fields, word) => expect(statusWordOf(exampleJob(fields))).toBe(word));

test("figures that are not known are left out", () => {
  expect(figuresOf(exampleJob({ downloaded_bytes: 1_000_000, speed_bps: 500_000 }))).toEqual(["1.0 MB", "500 kB/s"]);
  expect(figuresOf(exampleJob({ status: "completed", files: [file, file] }))).toEqual(["2.0 kB"]);
});

test.each([
  [{ progress: 0 }, null],
  [{ progress: 43.7 }, 43.7],
  [{ progress: 103 }, 100],
  [{ status: "completed", progress: 99 }, 100],
] as const)("%j is at %s percent", (fields, percent) => expect(percentOf(exampleJob(fields))).toBe(percent));

test.each([
  [undefined, exampleJob(), ""],
  [exampleJob({ progress: 20 }), exampleJob({ progress: 24 }), ""],
  [exampleJob({ progress: 20 }), exampleJob({ progress: 60 }), "film: 50 percent"],
  [exampleJob({ progress: 90 }), exampleJob({ progress: 100 }), ""],
  [exampleJob(), exampleJob({ status: "completed" }), "film: arrived"],
  [
    exampleJob(),
    exampleJob({ status: "failed", error: { code: "upstream-timeout", message: "", retryable: true } }),
    "film: failed. The site took too long.",
  ],
])("what a screen reader hears is measured", (before, after, words) => expect(announcementOf(before, after)).toBe(words));

test("the tab tells how much is under way", () => {
  expect(documentTitleOf([])).toBe("Entrepôt");
  expect(documentTitleOf([exampleJob({ progress: 20 }), exampleJob({ progress: 61 })])).toBe("40% · 2 under way · Entrepôt");
});
