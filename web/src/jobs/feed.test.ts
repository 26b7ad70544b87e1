import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Job } from "@/api/client";
import { exampleJob } from "@/jobs/example.test.support";
import { Feed, type FeedState, HIDDEN_POLL_MS, POLL_MS, SILENCE_MS, type Stream } from "@/jobs/feed";

class PlayedStream implements Stream {
  readyState = 0;
  onopen: ((event: Event) => void) | null = null;
  onerror: ((event: Event) => void) | null = null;
  #onJob: ((event: MessageEvent<string>) => void) | undefined;

  addEventListener(_type: string, listener: (event: MessageEvent<string>) => void): void {
    this.#onJob = listener;
  }
  close(): void {
    this.readyState = 2;
  }
  open(): void {
    this.readyState = 1;
    this.onopen?.(new Event("open"));
  }
  fail(isFinal: boolean): void {
    this.readyState = isFinal ? 2 : 0;
    this.onerror?.(new Event("error"));
  }
  say(job: Job): void {
    this.#onJob?.(new MessageEvent("job", { data: JSON.stringify(job) }));
  }
}

let streams: PlayedStream[];
let states: FeedState[];
let heard: Job[];
let refresh: ReturnType<typeof vi.fn<() => Promise<void>>>;
let hasActive: boolean;
let feed: Feed;

beforeEach(() => {
  vi.useFakeTimers();
  [streams, states, heard, hasActive] = [[], [], [], true];
  refresh = vi.fn(async () => {});
  feed = new Feed({
    openStream: () => {
      const stream = new PlayedStream();
      streams.push(stream);
      return stream;
    },
    refresh,
    onJob: (job) => heard.push(job),
    onState: (state) => states.push(state),
    hasActive: () => hasActive,
  });
});

afterEach(() => {
  feed.stop();
  vi.useRealTimers();
});

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);
const current = () => streams.at(-1) as PlayedStream;

test("it lists once at the start and then lives on the stream", async () => {
  hasActive = false;
  feed.start();
  current().open();
  await pass(60_000);
  current().say(exampleJob({ id: "x" }));
  expect(refresh).toHaveBeenCalledTimes(1);
  expect(states).toEqual(["live"]);
  expect(heard.map((job) => job.id)).toEqual(["x"]);
});

test("a broken stream is replaced by polling until it is back", async () => {
  feed.start();
  current().open();
  await pass(0);
  refresh.mockClear();
  current().fail(false);
  await pass(0);
  expect(refresh).toHaveBeenCalledTimes(1);
  await pass(3 * POLL_MS);
  expect(refresh).toHaveBeenCalledTimes(4);
  current().open();
  await pass(POLL_MS);
  expect(states).toEqual(["live", "connecting", "polling", "live"]);
  expect(refresh).toHaveBeenCalledTimes(5); // once more for what was missed, then no longer
  expect(streams).toHaveLength(1); // the browser reconnects by itself
});

test("a refused stream is opened anew, ever more rarely", async () => {
  feed.start();
  await pass(0);
  for (const pause of [1000, 2000, 4000, 8000, 15_000, 15_000]) {
    const count = streams.length;
    current().fail(true);
    await pass(pause - 1);
    expect(streams).toHaveLength(count);
    await pass(1);
    expect(streams).toHaveLength(count + 1);
  }
});

test("when nothing answers the connection is called lost, and found again", async () => {
  refresh.mockRejectedValue(new Error("down"));
  feed.start();
  current().fail(false);
  await pass(POLL_MS);
  expect(states).toEqual(["lost"]);
  refresh.mockResolvedValue();
  await pass(POLL_MS);
  expect(states).toEqual(["lost", "polling"]);
  current().open();
  expect(states).toEqual(["lost", "polling", "live"]);
});

test("a list that fails while the stream stands is no lost connection", async () => {
  feed.start();
  current().open();
  refresh.mockRejectedValue(new Error("busy"));
  await pass(SILENCE_MS);
  expect(states).toEqual(["live"]);
});

test("an open stream that is silent while jobs run is checked", async () => {
  feed.start();
  current().open();
  await pass(0);
  refresh.mockClear();
  await pass(SILENCE_MS);
  expect(refresh).toHaveBeenCalledTimes(1);
});

test("a hidden tab gives its connection back, asks rarely, and catches up when it is seen", async () => {
  feed.start();
  current().open();
  await pass(0);
  refresh.mockClear();
  feed.setHidden(true);
  expect(current().readyState).toBe(2);
  await pass(HIDDEN_POLL_MS);
  expect(refresh).toHaveBeenCalledTimes(1);
  feed.setHidden(false);
  await pass(0);
  expect(streams).toHaveLength(2);
  expect(refresh).toHaveBeenCalledTimes(2);
});

test("after its end nothing is asked any more", async () => {
  feed.start();
  await pass(0);
  feed.stop();
  refresh.mockClear();
  await pass(60_000);
  expect(refresh).not.toHaveBeenCalled();
  expect(streams).toHaveLength(1);
});
