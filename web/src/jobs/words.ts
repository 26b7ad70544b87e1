/** What a job is called and what is said about it, in words. */
import type { Job } from "@/api/client";
import { spoken } from "@/api/problem";
import { formatAmount, formatBytes, formatEta, formatSpeed, nameOf } from "@/format";

export const KIND_WORDS: Record<Job["kind"], string> = {
  auto: "Link",
  media: "Video",
  file: "File",
  page: "Page",
  prepare: "Copy",
  crawl: "Site",
  scrape: "Pages",
  warm: "Read ahead",
};

const STAGE_WORDS: Record<NonNullable<Job["stage"]>, string> = {
  extracting: "Looking",
  downloading: "Downloading",
  converting: "Converting",
  storing: "Storing",
};

export function titleOf(job: Job): string {
  return job.source?.title || job.files[0]?.name || nameOf(job.url);
}

/** "Audio" for a sound that came as media; else the kind's word. */
export function kindWordOf(job: Job): string {
  return job.files[0]?.content_type.startsWith("audio/") ? "Audio" : KIND_WORDS[job.kind];
}

export function statusWordOf(job: Job): string {
  switch (job.status) {
    case "queued":
      return job.attempts > 0 ? "Waiting to try again" : "Waiting";
    case "running":
      return job.stage ? STAGE_WORDS[job.stage] : "Starting";
    case "completed":
      return "Arrived";
    case "failed":
      return "Failed";
    case "canceled":
      return "Canceled";
  }
}

/** The figures behind the status, most telling first; empty ones are left out. */
export function figuresOf(job: Job): string[] {
  if (job.status === "running") {
    const amount = formatAmount(job.downloaded_bytes, job.total_bytes);
    return [amount, formatSpeed(job.speed_bps), formatEta(job.eta_seconds)].filter(Boolean);
  }
  if (job.status === "completed") {
    const whole = job.files.reduce((sum, file) => sum + file.size_bytes, 0);
    return [job.files.length ? formatBytes(whole) : ""].filter(Boolean);
  }
  return [];
}

export function failureOf(job: Job): string {
  return job.error ? spoken(job.error.code, job.error.message) : "";
}

/** Percent of the whole job, or null while it cannot be told. */
export function percentOf(job: Job): number | null {
  if (job.status === "completed") return 100;
  if (job.status !== "running") return job.progress > 0 ? Math.min(100, job.progress) : 0;
  return job.progress > 0 ? Math.min(100, job.progress) : null;
}

const QUARTER = 25;

/** What a screen reader is told when `before` became `after`: changes of status, and each quarter of the way. */
export function announcementOf(before: Job | undefined, after: Job): string {
  const title = titleOf(after);
  if (before && before.status !== after.status) {
    if (after.status === "failed") return `${title}: failed. ${failureOf(after)}`;
    return `${title}: ${statusWordOf(after).toLowerCase()}`;
  }
  if (!before || after.status !== "running") return "";
  const quarter = Math.floor(after.progress / QUARTER);
  const hasMoved = quarter > Math.floor(before.progress / QUARTER) && quarter < 100 / QUARTER;
  return hasMoved ? `${title}: ${quarter * QUARTER} percent` : "";
}

/** The tab's title: how much is under way, and how far it is. */
export function documentTitleOf(active: readonly Job[]): string {
  if (active.length === 0) return "Entrepôt";
  const mean = active.reduce((sum, job) => sum + job.progress, 0) / active.length;
  return `${Math.floor(mean)}% · ${active.length} under way · Entrepôt`;
}
