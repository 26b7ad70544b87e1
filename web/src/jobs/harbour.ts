/** The page's one store and one feed, and what a person may do with a job. */
import { useSyncExternalStore } from "react";
import { cancelJob, EVENTS_URL, fetchJob, fetchJobs, type Job, type JobStatus, retryJob } from "@/api/client";
import { Feed, type FeedState } from "@/jobs/feed";
import { type Jobs, JobStore } from "@/jobs/store";

export const store = new JobStore();

const OPEN_ENDED: readonly JobStatus[] = ["queued", "running"];

let feedState: FeedState = "connecting";
const feedListeners = new Set<() => void>();

const feed = new Feed({
  openStream: () => new EventSource(EVENTS_URL),
  refresh,
  onJob: (job) => store.merge([job], performance.now()),
  onState: (state) => {
    feedState = state;
    for (const listener of feedListeners) listener();
  },
  hasActive: () => store.hasActive(),
});

// The newest page alone could miss an old job that still runs behind many newer ones.
async function refresh(): Promise<void> {
  const askedAt = performance.now();
  const newest = await fetchJobs({});
  store.merge(newest.items, askedAt);
  if (newest.next_cursor === null) return;
  const lists = await Promise.all(OPEN_ENDED.map((status) => fetchJobs({ status })));
  const listed = lists.flatMap((list) => list.items);
  store.merge(listed, askedAt);
  await refreshVanished(new Set([...newest.items, ...listed].map((job) => job.id)), askedAt);
}

// What was under way and stands in neither list any more has ended meanwhile.
async function refreshVanished(listed: ReadonlySet<string>, askedAt: number): Promise<void> {
  const ended = [...store.snapshot().values()]
    .filter(({ job, saidAt }) => saidAt < askedAt && OPEN_ENDED.includes(job.status) && !listed.has(job.id))
    .slice(0, 20);
  await Promise.all(ended.map(({ job }) => loadJob(job.id)));
}

/** Asks for one job and keeps the answer. */
export async function loadJob(id: string, signal: AbortSignal = new AbortController().signal): Promise<Job> {
  const askedAt = performance.now();
  const job = await fetchJob(id, signal);
  store.merge([job], askedAt);
  return job;
}

export async function cancel(id: string): Promise<void> {
  const askedAt = performance.now();
  store.merge([await cancelJob(id)], askedAt);
}

export async function retry(id: string): Promise<void> {
  await retryJob(id);
  await loadJob(id);
}

/** Starts the feed with the page; the answer ends it. */
export function startFeed(): () => void {
  const look = () => feed.setHidden(document.hidden);
  const wake = () => feed.wake();
  document.addEventListener("visibilitychange", look);
  addEventListener("online", wake);
  feed.start();
  look();
  return () => {
    document.removeEventListener("visibilitychange", look);
    removeEventListener("online", wake);
    feed.stop();
  };
}

export function useJobs(): Jobs {
  return useSyncExternalStore(store.subscribe, store.snapshot);
}

export function useJob(id: string | null): Job | undefined {
  return useSyncExternalStore(store.subscribe, () => (id === null ? undefined : store.snapshot().get(id)?.job));
}

export function useFeedState(): FeedState {
  return useSyncExternalStore(
    (listener) => {
      feedListeners.add(listener);
      return () => feedListeners.delete(listener);
    },
    () => feedState,
  );
}
