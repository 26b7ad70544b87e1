/** What went wrong, as the service or the network told it, and how a person should hear it. */

export interface ProblemFacts {
  code: string;
  title: string;
  detail: string;
  status: number;
  retryable: boolean;
}

/** Thrown by every call of the client; status 0 means that no answer came. */
export class Problem extends Error {
  readonly code: string;
  readonly title: string;
  readonly detail: string;
  readonly status: number;
  readonly retryable: boolean;

  constructor(facts: ProblemFacts) {
    super(facts.detail || facts.title);
    this.name = "Problem";
    this.code = facts.code;
    this.title = facts.title;
    this.detail = facts.detail;
    this.status = facts.status;
    this.retryable = facts.retryable;
  }
}

/** Reads an `application/problem+json` body; anything else that came with `status` becomes a plain problem. */
export function problemFromAnswer(status: number, body: unknown): Problem {
  const fields = typeof body === "object" && body !== null ? (body as Record<string, unknown>) : {};
  const text = (name: string): string => (typeof fields[name] === "string" ? fields[name] : "");
  return new Problem({
    code: text("code") || `http-${status}`,
    title: text("title") || "The service gave an unexpected answer",
    detail: text("detail"),
    status,
    retryable: typeof fields.retryable === "boolean" ? fields.retryable : status >= 500,
  });
}

/** The problem behind anything that was thrown: a failed `fetch` is a lost connection. */
export function problemFrom(thrown: unknown): Problem {
  if (thrown instanceof Problem) return thrown;
  const detail = "The service could not be reached. Is it still running?";
  return new Problem({ code: "no-connection", title: "No connection", detail, status: 0, retryable: true });
}

const SPOKEN: Record<string, string> = {
  "invalid-url": "That does not look like a link we can follow.",
  "host-not-found": "There is no such site.",
  "destination-forbidden": "This service does not go there.",
  "too-many-redirects": "The link sends us in circles.",
  "content-too-large": "That is larger than allowed.",
  "too-many-requests": "A little too fast. Try again in a moment.",
  "files-expired": "The files were kept for a while and have gone.",
  "job-finished": "That had already finished.",
  "retry-refused": "This one cannot be tried again.",
  "upstream-error": "The site answered with an error.",
  "upstream-unavailable": "The site is not available just now.",
  "upstream-not-found": "The site has nothing at this link.",
  "upstream-unreachable": "The site could not be reached.",
  "upstream-broken": "The site broke off in the middle.",
  "upstream-timeout": "The site took too long.",
  "checksum-mismatch": "What arrived is not what the checksum promised.",
  "media-failed": "The video could not be fetched.",
  "media-not-found": "There is no video at this link.",
  "media-unavailable": "The video is private, blocked or gone.",
  "media-broken": "The video did not arrive whole.",
  "quality-unavailable": "This quality is not offered.",
  "conversion-unsupported": "This cannot be turned into text.",
  "conversion-failed": "The page could not be turned into text.",
  "no-content": "There is nothing to read on this page.",
  "storage-full": "There is no room left on the disk.",
  "service-unavailable": "The service is busy. Try again in a moment.",
  "job-timeout": "It took longer than allowed.",
  "job-crashed": "It ended unexpectedly.",
  "no-connection": "No connection to the service.",
};

/** One plain sentence for a code that we know; else what the service called it. */
export function spoken(code: string, otherwise: string): string {
  return SPOKEN[code] ?? otherwise;
}
