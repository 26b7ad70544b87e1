/** One job in the list. */
import { CircleAlert, CircleCheck, CircleSlash, Clock, Download, ScrollText } from "lucide-react";
import { memo } from "react";
import type { Job, JobStatus } from "@/api/client";
import { formatMoment, hostOf } from "@/format";
import { Gauge } from "@/jobs/gauge";
import { JobActions } from "@/jobs/job-actions";
import { KindTile } from "@/jobs/kind-tile";
import { failureOf, figuresOf, kindWordOf, statusWordOf, titleOf } from "@/jobs/words";
import { savingUrl } from "@/results/view";
import { hashOf } from "@/shell/route";

const LIGHTS: Partial<Record<JobStatus, { Sign: typeof Clock; colour: string }>> = {
  queued: { Sign: Clock, colour: "text-ink-soft" },
  completed: { Sign: CircleCheck, colour: "text-starboard" },
  failed: { Sign: CircleAlert, colour: "text-port" },
  canceled: { Sign: CircleSlash, colour: "text-ink-faint" },
};

interface JobRowProps {
  job: Job;
  isSelected: boolean;
  nowMs: number;
}

export const JobRow = memo(function JobRow({ job, isSelected, nowMs }: JobRowProps) {
  const file = job.files[0];
  return (
    <li
      data-job={job.id}
      data-status={job.status}
      className={`arrive group relative rounded-xl border bg-surface p-3 shadow-crate transition-colors sm:p-4 ${isSelected ? "border-accent-strong ring-2 ring-accent" : "border-line hover:border-line-strong"}`}
    >
      <div className="flex items-start gap-3 sm:gap-4">
        <KindTile kind={job.kind} contentType={file?.content_type} thumbnail={job.source?.thumbnail_url} />
        <div className="min-w-0 grow">
          <h3 className="leading-snug">
            <a
              href={hashOf(job.id)}
              aria-current={isSelected ? "true" : undefined}
              className="row-link line-clamp-2 font-semibold [overflow-wrap:anywhere] outline-none after:absolute after:inset-0 after:rounded-xl focus-visible:after:outline-3 focus-visible:after:outline-offset-2 focus-visible:after:outline-focus"
            >
              {titleOf(job)}
            </a>
          </h3>
          <Manifest job={job} nowMs={nowMs} />
        </div>
        <div className="relative -my-1 -mr-1 flex shrink-0">
          <a
            href={hashOf(job.id, true)}
            aria-label={`Log of ${titleOf(job)}`}
            title="Log"
            className="button-icon max-sm:hidden sm:opacity-0 sm:group-focus-within:opacity-100 sm:group-hover:opacity-100"
          >
            <ScrollText aria-hidden="true" size={18} />
          </a>
          {file && (
            <a href={savingUrl(file)} download aria-label={`Download ${file.name}`} title="Download" className="button-icon">
              <Download aria-hidden="true" size={18} />
            </a>
          )}
          <JobActions job={job} />
        </div>
      </div>
      {job.status === "running" && <Running job={job} />}
      {job.status === "failed" && <Failure job={job} />}
    </li>
  );
});

function Manifest({ job, nowMs }: { job: Job; nowMs: number }) {
  const light = LIGHTS[job.status];
  const facts = [kindWordOf(job), hostOf(job.source?.url ?? job.url), formatMoment(job.finished_at ?? job.created_at, nowMs)];
  return (
    <p className="dotted figures mt-1 text-sm text-ink-faint">
      {light && (
        <span className={`inline-flex items-center font-semibold ${light.colour}`}>
          <light.Sign aria-hidden="true" size={15} className="mr-1.5" />
          {statusWordOf(job)}
        </span>
      )}
      {[...(job.status === "running" ? [] : figuresOf(job)), ...facts].filter(Boolean).map((fact) => (
        <span key={fact} className="[overflow-wrap:anywhere]">
          {fact}
        </span>
      ))}
    </p>
  );
}

function Running({ job }: { job: Job }) {
  return (
    <div className="mt-3">
      <Gauge job={job} />
      <p className="dotted figures mt-1.5 text-sm text-ink-soft">
        <span className="font-semibold text-ink">{statusWordOf(job)}</span>
        {figuresOf(job).map((figure) => (
          <span key={figure}>{figure}</span>
        ))}
      </p>
    </div>
  );
}

function Failure({ job }: { job: Job }) {
  if (!job.error) return null;
  return (
    <p className="mt-2 text-sm text-ink-soft [overflow-wrap:anywhere]">
      {failureOf(job)} <code className="stamp text-ink-faint">{job.error.code}</code>
    </p>
  );
}
