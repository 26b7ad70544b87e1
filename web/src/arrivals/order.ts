/** From what a person chose on a card to the body of a request. */
import type { DownloadRequest, Metadata } from "@/api/client";

export interface Choices {
  kind: NonNullable<DownloadRequest["kind"]>;
  quality: NonNullable<DownloadRequest["quality"]>;
  /** As typed: 64 hex digits, with or without `sha256:`. */
  checksum: string;
  /** As typed, in MB. */
  limitMegabytes: string;
}

export const NO_CHOICES: Choices = { kind: "auto", quality: "best", checksum: "", limitMegabytes: "" };

const KNOWN_QUALITIES = ["2160p", "1440p", "1080p", "720p", "480p", "360p"] as const;

/** The qualities on offer, best first; a site that names none offers all, since each means "at most". */
export function qualitiesOf(metadata: Metadata | undefined): readonly (typeof KNOWN_QUALITIES)[number][] {
  const offered = KNOWN_QUALITIES.filter((quality) => metadata?.qualities?.includes(quality));
  return offered.length ? offered : KNOWN_QUALITIES;
}

/** What is wrong with the choices, or an empty string. */
export function objectionTo(choices: Choices): string {
  if (choices.checksum.trim() && !/^(sha256:)?[0-9a-f]{64}$/i.test(choices.checksum.trim()))
    return "A SHA-256 checksum has 64 hexadecimal digits.";
  if (choices.limitMegabytes.trim() && !(Number(choices.limitMegabytes) > 0)) return "The size limit is a number of megabytes.";
  return "";
}

/** The request for a link; what was left as it was is left to the service. */
export function orderFor(url: string, kind: Metadata["kind"] | undefined, choices: Choices): DownloadRequest {
  const chosen = choices.kind === "auto" ? kind : choices.kind;
  const checksum = choices.checksum.trim().toLowerCase().replace(/^(?!sha256:)(?=.)/, "sha256:");
  const megabytes = Number(choices.limitMegabytes);
  return {
    url,
    ...(chosen && { kind: chosen }),
    ...(chosen !== "page" && chosen !== "file" && choices.quality !== "best" && { quality: choices.quality }),
    ...(checksum && { checksum }),
    ...(megabytes > 0 && { max_filesize_bytes: Math.round(megabytes * 1_000_000) }),
  };
}

/** Keys for POSTs: the same body gets the same key until it is known to have arrived, so that a repeat after a lost answer does no harm. */
export class OrderKeys {
  readonly #keys = new Map<string, string>();

  keyFor(body: DownloadRequest): string {
    const text = JSON.stringify(body);
    const key = this.#keys.get(text) ?? freshKey();
    this.#keys.set(text, key);
    return key;
  }

  settle(body: DownloadRequest): void {
    this.#keys.delete(JSON.stringify(body));
  }
}

// crypto.randomUUID is missing on pages that came over plain HTTP from another machine.
function freshKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
