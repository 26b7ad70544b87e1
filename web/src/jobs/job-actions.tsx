/** Cancel and retry, wherever a job is shown. */
import { useMutation } from "@tanstack/react-query";
import { RotateCcw, X } from "lucide-react";
import { toast } from "sonner";
import type { Job } from "@/api/client";
import { problemFrom, spoken } from "@/api/problem";
import { cancel, loadJob, retry } from "@/jobs/harbour";
import { isActive } from "@/jobs/store";
import { titleOf } from "@/jobs/words";

/** A toast for a refused action, with the code under the sentence. */
export function tellProblem(thrown: unknown): void {
  const problem = problemFrom(thrown);
  toast.error(spoken(problem.code, problem.detail || problem.title), { description: problem.code });
}

export function JobActions({ job, isLabelled = false }: { job: Job; isLabelled?: boolean }) {
  const onError = (thrown: unknown) => {
    tellProblem(thrown);
    loadJob(job.id).catch(() => undefined); // what refused it will show in the job's own state, if it can be had
  };
  const canceling = useMutation({ mutationFn: () => cancel(job.id), onError });
  const retrying = useMutation({ mutationFn: () => retry(job.id), onError });
  const look = isLabelled ? "button" : "button-icon";
  if (isActive(job))
    return (
      <button
        type="button"
        className={look}
        disabled={canceling.isPending}
        aria-label={`Cancel ${titleOf(job)}`}
        title="Cancel"
        onClick={() => canceling.mutate()}
      >
        <X aria-hidden="true" size={18} />
        {isLabelled && (canceling.isPending ? "Canceling…" : "Cancel")}
      </button>
    );
  if (job.status === "completed") return null;
  return (
    <button
      type="button"
      className={look}
      disabled={retrying.isPending}
      aria-label={`Retry ${titleOf(job)}`}
      title="Retry"
      onClick={() => retrying.mutate()}
    >
      <RotateCcw aria-hidden="true" size={18} />
      {isLabelled && "Retry"}
    </button>
  );
}
