/** A job for tests. */
import type { Job } from "@/api/client";

export function exampleJob(fields: Partial<Job> = {}): Job {
  return {
    id: "one",
    kind: "media",
    status: "running",
    progress: 10,
    stage: "downloading",
    downloaded_bytes: null,
    total_bytes: null,
    speed_bps: null,
    eta_seconds: null,
    attempts: 1,
    created_at: "2026-11-20T12:00:00Z",
    started_at: null,
    finished_at: null,
    expires_at: null,
    url: "https://example.com/film",
    source: null,
    files: [],
    error: null,
    parent_id: null,
    ...fields,
  };
}
