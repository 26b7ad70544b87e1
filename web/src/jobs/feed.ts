/** Keeps the page up to date: the event stream while it stands, polling while it does not, and back again. */
import type { Job } from "@/api/client";

export type FeedState = "connecting" | "live" | "polling" | "lost";

/** The part of EventSource that is used, so that tests can play one. */
export interface Stream {
  readonly readyState: number;
  onopen: ((event: Event) => void) | null;
  onerror: ((event: Event) => void) | null;
  addEventListener(type: string, listener: (event: MessageEvent<string>) => void): void;
  close(): void;
}

export interface FeedParts {
  openStream: () => Stream;
  /** Asks the service for the list and stores it; rejects when it cannot be reached. */
  refresh: () => Promise<void>;
  onJob: (job: Job) => void;
  onState: (state: FeedState) => void;
  hasActive: () => boolean;
}

export const POLL_MS = 2000;
export const HIDDEN_POLL_MS = 10_000;
export const SILENCE_MS = 10_000;
const LONGEST_REOPEN_MS = 15_000;
const OPEN = 1;
const CLOSED = 2;

export class Feed {
  readonly #parts: FeedParts;
  #stream: Stream | null = null;
  #state: FeedState = "connecting";
  #isHidden = false;
  #failures = 0;
  #poll: ReturnType<typeof setTimeout> | undefined;
  #reopen: ReturnType<typeof setTimeout> | undefined;
  #polling = false;

  constructor(parts: FeedParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#open();
    this.#pollNow();
  }

  stop(): void {
    this.#closeStream();
    clearTimeout(this.#poll);
  }

  /**
   * A browser lends one site about six connections over HTTP/1.1, shared by all its tabs: a tab that nobody looks at
   * gives its stream back and asks now and then instead.
   */
  setHidden(isHidden: boolean): void {
    if (isHidden === this.#isHidden) return;
    this.#isHidden = isHidden;
    if (isHidden) {
      this.#closeStream();
      this.#schedulePoll();
    } else this.wake();
  }

  /** Tries at once, without waiting for the next turn: the network is back, or the tab is looked at again. */
  wake(): void {
    if (this.#isHidden) return;
    if (this.#state !== "live" || this.#stream === null) {
      this.#failures = 0;
      this.#open();
    }
    this.#pollNow();
  }

  #open(): void {
    this.#closeStream();
    const stream = this.#parts.openStream();
    this.#stream = stream;
    stream.onopen = () => this.#opened();
    stream.onerror = () => this.#broke(stream);
    stream.addEventListener("job", (event) => this.#heard(event.data));
  }

  #closeStream(): void {
    clearTimeout(this.#reopen);
    if (!this.#stream) return;
    this.#stream.onopen = null;
    this.#stream.onerror = null;
    this.#stream.close();
    this.#stream = null;
  }

  #opened(): void {
    const wasBroken = this.#failures > 0;
    this.#failures = 0;
    this.#tell("live");
    // A new stream knows no Last-Event-ID: what happened in between is in the list.
    if (wasBroken) this.#pollNow();
    else this.#schedulePoll();
  }

  #broke(stream: Stream): void {
    this.#failures += 1;
    if (this.#state === "live") this.#tell("connecting");
    this.#pollNow();
    if (stream.readyState !== CLOSED) return; // the browser reconnects by itself, with Last-Event-ID
    clearTimeout(this.#reopen);
    this.#reopen = setTimeout(() => this.#open(), Math.min(1000 * 2 ** (this.#failures - 1), LONGEST_REOPEN_MS));
  }

  #heard(data: string): void {
    this.#parts.onJob(JSON.parse(data) as Job);
    if (this.#state === "live") this.#schedulePoll();
  }

  #pollNow(): void {
    clearTimeout(this.#poll);
    if (this.#polling) return;
    this.#polling = true;
    this.#parts
      .refresh()
      .then(() => this.#answered())
      .catch(() => this.#unanswered())
      .finally(() => {
        this.#polling = false;
        this.#schedulePoll();
      });
  }

  // An open stream that says nothing while jobs run is checked now and then: a proxy may be holding it back.
  #schedulePoll(): void {
    clearTimeout(this.#poll);
    if (this.#isHidden || this.#state === "live") {
      const pause = this.#isHidden ? HIDDEN_POLL_MS : SILENCE_MS;
      this.#poll = setTimeout(() => (this.#parts.hasActive() ? this.#pollNow() : this.#schedulePoll()), pause);
    } else this.#poll = setTimeout(() => this.#pollNow(), POLL_MS);
  }

  #answered(): void {
    if (this.#stream?.readyState === OPEN) this.#tell("live");
    else if (this.#failures > 0) this.#tell("polling");
  }

  #unanswered(): void {
    if (this.#isHidden || this.#stream?.readyState === OPEN) return;
    this.#failures += 1;
    this.#tell("lost");
  }

  #tell(state: FeedState): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#parts.onState(state);
  }
}
