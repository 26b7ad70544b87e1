/** The bar of a running job. */
import type { Job } from "@/api/client";
import { percentOf, statusWordOf, titleOf } from "@/jobs/words";

export function Gauge({ job }: { job: Job }) {
  const percent = percentOf(job);
  const value = percent === null ? {} : { "aria-valuenow": Math.floor(percent) };
  return (
    <div className="flex items-center gap-3">
      <div
        className="gauge grow"
        role="progressbar"
        aria-label={titleOf(job)}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuetext={percent === null ? statusWordOf(job) : `${Math.floor(percent)} percent`}
        {...value}
      >
        {percent === null ? <div className="gauge-unknown" /> : <div className="gauge-load" style={{ width: `${percent}%` }} />}
      </div>
      <span className="figures w-9 shrink-0 text-right text-sm font-semibold" aria-hidden="true">
        {percent === null ? "…" : `${Math.floor(percent)}%`}
      </span>
    </div>
  );
}
