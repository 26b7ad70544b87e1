/** How a file can be shown, and where its bytes are. */
import type { JobFile } from "@/api/client";

export type View = "video" | "audio" | "image" | "markdown" | "text" | "none";

const PLAIN = new Set(["application/json", "application/x-ndjson", "application/yaml", "application/x-subrip", "application/toml"]);

/** The way a browser can show a type. Types that could carry scripts (HTML, SVG, XML) are never shown, only offered. */
export function viewOf(file: Pick<JobFile, "content_type" | "name">): View {
  const type = file.content_type.split(";")[0]?.trim().toLowerCase() ?? "";
  if (type.startsWith("video/")) return "video";
  if (type.startsWith("audio/")) return "audio";
  if (type.startsWith("image/")) return type.includes("svg") || type.includes("xml") ? "none" : "image";
  if (type === "text/markdown" || (type === "text/plain" && /\.(md|markdown)$/i.test(file.name))) return "markdown";
  if (type === "text/html" || type.includes("xml") || type.includes("javascript")) return "none";
  return type.startsWith("text/") || PLAIN.has(type) ? "text" : "none";
}

/** The address to pass on: at the service's public address where it has one. */
export function linkTo(file: Pick<JobFile, "download_url">): string {
  return new URL(file.download_url, location.origin).href;
}

/** The address of the bytes for saving, at the place that this page came from. */
export function savingUrl(file: Pick<JobFile, "asset_id">): string {
  return `/assets/${encodeURIComponent(file.asset_id)}/download`;
}

/** The address of the bytes for showing. The page's policy lets media come from its own origin alone. */
export function inlineUrl(file: Pick<JobFile, "asset_id">): string {
  return `${savingUrl(file)}?inline=1`;
}
