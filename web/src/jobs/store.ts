/** Every job this page has heard of, newest word wins; fed by the event stream, by lists and by answers to requests. */
import type { Job, JobStatus } from "@/api/client";

interface Entry {
  job: Job;
  /** When the service was asked or spoke, in ms of the page's monotonic clock. */
  saidAt: number;
}

export type Jobs = ReadonlyMap<string, Entry>;

/** Adds what the service said at `saidAt`; an older word (a slow list's) never overwrites a newer one (the stream's). */
export function mergeJobs(jobs: Jobs, said: readonly Job[], saidAt: number): Jobs {
  const fresh = said.filter((job) => saidAt >= (jobs.get(job.id)?.saidAt ?? -Infinity));
  if (fresh.length === 0) return jobs;
  const merged = new Map(jobs);
  for (const job of fresh) {
    const known = merged.get(job.id);
    const same = known !== undefined && JSON.stringify(known.job) === JSON.stringify(job);
    merged.set(job.id, { job: same ? known.job : job, saidAt });
  }
  return merged;
}

export function isActive(job: Job): boolean {
  return job.status === "queued" || job.status === "running";
}

export type Shelf = "all" | "active" | "completed" | "failed";

/** The statuses that a filter shows; the service is asked for one status at a time. */
export const SHELVES: Record<Shelf, readonly JobStatus[]> = {
  all: ["queued", "running", "completed", "failed", "canceled"],
  active: ["queued", "running"],
  completed: ["completed"],
  failed: ["failed", "canceled"],
};

/** What the list shows: known jobs on the shelf that bear all words of the search, or that the service says match. */
export function visibleJobs(jobs: Jobs, shelf: Shelf, search: string, matched: ReadonlySet<string>): Job[] {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  return [...jobs.values()]
    .map((entry) => entry.job)
    .filter((job) => SHELVES[shelf].includes(job.status))
    .filter((job) => matched.has(job.id) || bears(job, words))
    .sort((one, other) => Date.parse(other.created_at) - Date.parse(one.created_at) || other.id.localeCompare(one.id));
}

function bears(job: Job, words: string[]): boolean {
  const text = [job.url, job.source?.title, job.source?.uploader, ...job.files.map((file) => file.name)].join("\n").toLowerCase();
  return words.every((word) => text.includes(word));
}

/** A box for `Jobs` that React can subscribe to. */
export class JobStore {
  #jobs: Jobs = new Map();
  readonly #listeners = new Set<() => void>();

  readonly snapshot = (): Jobs => this.#jobs;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  merge(said: readonly Job[], saidAt: number): void {
    const merged = mergeJobs(this.#jobs, said, saidAt);
    if (merged === this.#jobs) return;
    this.#jobs = merged;
    for (const listener of this.#listeners) listener();
  }

  hasActive(): boolean {
    return [...this.#jobs.values()].some((entry) => isActive(entry.job));
  }
}
