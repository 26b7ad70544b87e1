/** Figures as people read them. What is not known comes out as an empty string. */

type Maybe = number | null | undefined;

const UNITS = ["B", "kB", "MB", "GB", "TB", "PB"];

/** 1234567 → "1.2 MB", in powers of 1000 as disks and browsers count. */
export function formatBytes(bytes: Maybe): string {
  if (bytes == null || !Number.isFinite(bytes) || bytes < 0) return "";
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : 1;
  return `${value.toFixed(digits)} ${UNITS[unit]}`;
}

/** "12.4 of 48.0 MB", "12.4 MB" while the total is unknown. */
export function formatAmount(done: Maybe, total: Maybe): string {
  const whole = formatBytes(total);
  const part = formatBytes(done);
  if (!whole || !part) return part || whole;
  const [value, unit] = part.split(" ");
  return unit === whole.split(" ")[1] ? `${value} of ${whole}` : `${part} of ${whole}`;
}

/** Bytes a second → "3.4 MB/s". */
export function formatSpeed(bytesPerSecond: Maybe): string {
  const amount = bytesPerSecond ? formatBytes(bytesPerSecond) : "";
  return amount && `${amount}/s`;
}

/** 3723 → "1:02:03", 63 → "1:03". */
export function formatDuration(seconds: Maybe): string {
  if (seconds == null || !Number.isFinite(seconds) || seconds < 0) return "";
  const whole = Math.round(seconds);
  const pad = (value: number): string => String(value).padStart(2, "0");
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor((whole % 3600) / 60);
  return hours ? `${hours}:${pad(minutes)}:${pad(whole % 60)}` : `${minutes}:${pad(whole % 60)}`;
}

/** 95 → "2 min left", 12 → "12 s left". */
export function formatEta(seconds: Maybe): string {
  if (seconds == null || !Number.isFinite(seconds) || seconds < 0) return "";
  if (seconds < 60) return `${Math.max(1, Math.round(seconds))} s left`;
  if (seconds < 3600) return `${Math.round(seconds / 60)} min left`;
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.round((seconds % 3600) / 60);
  return minutes && minutes < 60 ? `${hours} h ${minutes} min left` : `${minutes === 60 ? hours + 1 : hours} h left`;
}

/** How long ago, or how far ahead, coarsely: "just now", "5 min ago", "in 50 min", a date beyond a week. */
export function formatMoment(iso: string | null | undefined, nowMs: number): string {
  const then = iso ? Date.parse(iso) : Number.NaN;
  if (Number.isNaN(then)) return "";
  const seconds = Math.round(Math.abs(nowMs - then) / 1000);
  if (seconds < 45) return "just now";
  if (seconds > 7 * 86_400) return new Date(then).toLocaleDateString(undefined, { dateStyle: "medium" });
  const span = seconds < 3570 ? `${Math.max(1, Math.round(seconds / 60))} min`
    : seconds < 84_600 ? `${Math.round(seconds / 3600)} h`
    : `${Math.round(seconds / 86_400)} d`;
  return then <= nowMs ? `${span} ago` : `in ${span}`;
}

/** The host of a URL without "www."; the text itself where it is no URL. */
export function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host.replace(/^www\./, "") : url;
}

/** Who made it; empty where that is only the site's own name, which is shown anyway. */
export function makerOf(uploader: string | null | undefined, url: string): string {
  return uploader && uploader.replace(/^www\./, "") !== hostOf(url) ? uploader : "";
}

/** What a URL is called while nothing better is known: the last part of its path, else its host. */
export function nameOf(url: string): string {
  if (!URL.canParse(url)) return url;
  const last = new URL(url).pathname.split("/").filter(Boolean).at(-1);
  if (!last) return hostOf(url);
  try {
    return decodeURIComponent(last);
  } catch {
    return last;
  }
}
