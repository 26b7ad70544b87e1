/** A job's log in a drawer at the foot of its panel, live while the job runs. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { X } from "lucide-react";
import { useEffect, useRef } from "react";
import { fetchLog, type Job, type LogLine } from "@/api/client";
import { problemFrom } from "@/api/problem";
import { isActive } from "@/jobs/store";
import { Trouble } from "@/shell/trouble";

const REFRESH_MS = 1000;
const NEAR_END_PX = 40;
const LEVEL_COLOURS: Record<string, string> = { warning: "text-warning", error: "text-port", debug: "text-ink-faint" };

function useLog(job: Job) {
  const client = useQueryClient();
  const key = ["log", job.id];
  // The status in the key's shadow: a job that has just ended is asked once more for its last lines.
  const log = useQuery({
    queryKey: key,
    queryFn: async ({ signal }) => {
      const known = client.getQueryData<LogLine[]>(key) ?? [];
      return [...known, ...(await fetchLog(job.id, known.at(-1)?.seq ?? 0, signal))];
    },
    refetchInterval: isActive(job) ? REFRESH_MS : false,
    retry: false,
  });
  const { refetch } = log;
  useEffect(() => {
    if (job.status !== "running") void refetch();
  }, [job.status, refetch]);
  return log;
}

export function JobLog({ job, onClose }: { job: Job; onClose: () => void }) {
  const log = useLog(job);
  const frame = useRef<HTMLDivElement>(null);
  const drawer = useRef<HTMLElement>(null);
  const isAtEnd = useRef(true);
  const count = log.data?.length ?? 0;
  useEffect(() => {
    if (frame.current && isAtEnd.current && count) frame.current.scrollTop = frame.current.scrollHeight;
  }, [count]);
  useEffect(() => {
    void drawer.current?.scrollIntoView({ block: "nearest" });
  }, []);
  return (
    <section ref={drawer} aria-label="Log" data-log className="arrive flex max-h-[45%] min-h-40 shrink-0 flex-col border-t border-line bg-sunken">
      <div className="flex items-center justify-between pr-2 pl-5">
        <h3 className="stamp py-3 font-bold text-ink-soft">Log</h3>
        <button type="button" className="button-icon" aria-label="Close the log" onClick={onClose}>
          <X aria-hidden="true" size={18} />
        </button>
      </div>
      <div
        ref={frame}
        tabIndex={0}
        role="log"
        aria-label="Lines of the log"
        className="grow overflow-auto px-5 pb-4 font-mono text-xs leading-5 [overflow-wrap:anywhere]"
        onScroll={({ currentTarget: { scrollHeight, scrollTop, clientHeight } }) => {
          isAtEnd.current = scrollHeight - scrollTop - clientHeight < NEAR_END_PX;
        }}
      >
        {log.isError && <Trouble problem={problemFrom(log.error)} />}
        {log.data?.length === 0 && <p className="text-ink-faint">Nothing has been noted yet.</p>}
        <ol>
          {log.data?.map((line) => (
            <li key={line.seq} className="flex gap-3">
              <time dateTime={line.at} className="figures shrink-0 text-ink-faint">
                {new Date(line.at).toLocaleTimeString(undefined, { hour12: false })}
              </time>
              <span className={`min-w-0 ${LEVEL_COLOURS[line.level] ?? ""}`}>
                {line.level !== "info" && <span className="sr-only">{line.level}: </span>}
                {line.message}
              </span>
            </li>
          ))}
        </ol>
      </div>
    </section>
  );
}
