/** One job in full: state, goods, facts, log. Beside the list on a wide screen, over it on a narrow one. */
import { useQuery } from "@tanstack/react-query";
import { ArrowLeft, ExternalLink, ScrollText, X } from "lucide-react";
import { useEffect, useRef } from "react";
import type { Job } from "@/api/client";
import { problemFrom } from "@/api/problem";
import { formatDuration, formatMoment, hostOf, makerOf } from "@/format";
import { Gauge } from "@/jobs/gauge";
import { loadJob, useJob } from "@/jobs/harbour";
import { JobActions } from "@/jobs/job-actions";
import { JobLog } from "@/jobs/job-log";
import { figuresOf, kindWordOf, statusWordOf, titleOf } from "@/jobs/words";
import { Result } from "@/results/result";
import { visit } from "@/shell/route";
import { Trouble } from "@/shell/trouble";

interface JobPanelProps {
  id: string;
  isLogOpen: boolean;
}

export function JobPanel({ id, isLogOpen }: JobPanelProps) {
  const job = useJob(id);
  // A job of a bookmark may be older than the list goes.
  const lookup = useQuery({ queryKey: ["job", id], queryFn: ({ signal }) => loadJob(id, signal), enabled: job === undefined, retry: false });
  return (
    <aside
      aria-labelledby="panel-heading"
      data-panel={id}
      className="arrive fixed inset-0 z-30 flex flex-col overflow-hidden bg-surface lg:sticky lg:inset-auto lg:top-6 lg:z-0 lg:max-h-[calc(100dvh-3rem)] lg:rounded-xl lg:border lg:border-line lg:shadow-crate"
    >
      <div className="flex shrink-0 items-center gap-1 border-b border-line py-2 pr-2 pl-2 lg:pl-5">
        <button type="button" className="button-icon lg:hidden" aria-label="Back to the list" onClick={() => visit(null)}>
          <ArrowLeft aria-hidden="true" size={20} />
        </button>
        <p className="stamp min-w-0 grow truncate text-ink-faint">
          {job ? kindWordOf(job) : "Job"} · {id.slice(0, 8)}
        </p>
        {job && (
          <button
            type="button"
            className="button-icon"
            aria-label="Log"
            title="Log"
            aria-expanded={isLogOpen}
            onClick={() => visit(id, !isLogOpen)}
          >
            <ScrollText aria-hidden="true" size={18} />
          </button>
        )}
        <button type="button" className="button-icon max-lg:hidden" aria-label="Close" title="Close (Esc)" onClick={() => visit(null)}>
          <X aria-hidden="true" size={18} />
        </button>
      </div>
      {job ? (
        <>
          <Body key={id} job={job} />
          {isLogOpen && <JobLog key={id} job={job} onClose={() => visit(id)} />}
        </>
      ) : (
        <div className="p-5">
          <h2 id="panel-heading" className="sr-only">
            Job
          </h2>
          {lookup.isError ? <Trouble problem={problemFrom(lookup.error)} /> : <p className="text-ink-soft">Fetching…</p>}
        </div>
      )}
    </aside>
  );
}

function Body({ job }: { job: Job }) {
  const heading = useRef<HTMLHeadingElement>(null);
  // Whoever opened the panel is taken to it; after a reload nothing had the focus and nothing takes it.
  useEffect(() => {
    if (document.activeElement?.classList.contains("row-link")) heading.current?.focus({ preventScroll: true });
  }, []);
  return (
    <div className="grow space-y-5 overflow-y-auto overscroll-contain p-5">
      <div>
        <h2 id="panel-heading" ref={heading} tabIndex={-1} className="text-xl leading-snug font-bold tracking-tight [overflow-wrap:anywhere] outline-none">
          {titleOf(job)}
        </h2>
        <p className="mt-1 text-sm text-ink-soft">
          <a
            href={safeHref(job.source?.url ?? job.url)}
            target="_blank"
            rel="noopener noreferrer"
            className="inline-flex max-w-full items-center gap-1 rounded-sm hover:underline"
          >
            <span className="truncate">{hostOf(job.source?.url ?? job.url)}</span>
            <ExternalLink aria-hidden="true" size={13} className="shrink-0" />
            <span className="sr-only">(opens in a new tab)</span>
          </a>
        </p>
      </div>
      {job.status !== "completed" && <State job={job} />}
      <Result job={job} />
      <Facts job={job} />
    </div>
  );
}

function State({ job }: { job: Job }) {
  return (
    <div className="space-y-3 rounded-lg border border-line p-4">
      {job.status === "running" && <Gauge job={job} />}
      <div className="flex flex-wrap items-center justify-between gap-3">
        <p className="dotted figures text-ink-soft">
          <span className="font-semibold text-ink">{statusWordOf(job)}</span>
          {figuresOf(job).map((figure) => (
            <span key={figure}>{figure}</span>
          ))}
        </p>
        <JobActions job={job} isLabelled />
      </div>
      {job.error && (job.status === "failed" || job.status === "queued") && <Trouble problem={{ code: job.error.code, title: job.error.message, detail: job.error.message }} />}
    </div>
  );
}

function Facts({ job }: { job: Job }) {
  const now = Date.now();
  const facts: [string, string, boolean?][] = [
    ["Address", job.url],
    ["By", makerOf(job.source?.uploader, job.url)],
    ["Length", formatDuration(job.source?.duration_seconds)],
    ["Ordered", formatMoment(job.created_at, now)],
    ["Finished", formatMoment(job.finished_at, now)],
    ["Kept until", job.expires_at ? `${new Date(job.expires_at).toLocaleString()} (${formatMoment(job.expires_at, now)})` : ""],
    ["Attempts", job.attempts > 1 ? String(job.attempts) : ""],
    ["In the library", job.files[0]?.path ?? ""],
    ["SHA-256", job.files[0]?.sha256 ?? "", true],
  ];
  return (
    <dl className="figures grid grid-cols-[6.5rem_1fr] gap-x-4 gap-y-1.5 border-t border-line pt-4 text-sm">
      {facts.filter(([, value]) => value).map(([name, value, isCode]) => (
        <div key={name} className="contents">
          <dt className="text-ink-faint">{name}</dt>
          <dd className={`min-w-0 [overflow-wrap:anywhere] ${isCode ? "font-mono text-xs leading-5" : ""}`}>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

// An address comes from whoever ordered it: only the web's own schemes may become a link.
function safeHref(url: string): string | undefined {
  return /^https?:\/\//i.test(url) ? url : undefined;
}
