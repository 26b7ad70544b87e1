/** The text of a file, its beginning if it is long. */
import { problemFrom, problemFromAnswer } from "@/api/problem";

export const MOST_BYTES = 512 * 1024;

export interface TextPiece {
  text: string;
  /** Size of the whole file; null: what was read is all of it. */
  cutFromBytes: number | null;
}

export async function fetchText(url: string, signal: AbortSignal): Promise<TextPiece> {
  const headers = { Range: `bytes=0-${MOST_BYTES - 1}` };
  const answer = await fetch(url, { headers, signal }).catch((thrown: unknown) => {
    throw signal.aborted ? thrown : problemFrom(thrown);
  });
  if (answer.status === 416) return { text: "", cutFromBytes: null }; // an empty file has no first byte
  if (!answer.ok) throw problemFromAnswer(answer.status, await answer.json().catch(() => null));
  const text = await answer.text();
  const whole = Number(/\/(\d+)$/.exec(answer.headers.get("Content-Range") ?? "")?.[1] ?? 0);
  return { text, cutFromBytes: whole > MOST_BYTES ? whole : null };
}

/** Markdown without a first heading that only repeats `title`. */
export function withoutTitle(markdown: string, title: string): string {
  const [heading, text] = /^\s*# +(.*?) *#*\r?(?:\n|$)/.exec(markdown) ?? [];
  return heading !== undefined && plainOf(text ?? "") === plainOf(title) ? markdown.slice(heading.length) : markdown;
}

const ENTITIES: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"' };

// Markdown may write a letter as an escape or as an entity; how much space stands between words is nobody's concern.
function plainOf(text: string): string {
  return text
    .replace(/\\([!-/:-@[-`{-~])/g, "$1")
    .replace(/&(amp|lt|gt|quot);/g, (_, name: string) => ENTITIES[name] ?? "")
    .replace(/\s+/g, " ")
    .trim();
}

/** Where a link or picture of a page leads: http, https and mailto only, relative ones as on the page; else nothing. */
export function resolveLink(href: string, base: string): string {
  if (href.startsWith("#")) return href;
  if (!URL.canParse(href, base)) return "";
  const url = new URL(href, base);
  return ["http:", "https:", "mailto:"].includes(url.protocol) ? url.href : "";
}
