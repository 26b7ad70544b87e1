/** What a link is, before it starts: sign, title, length, size, and the choice of quality. */
import { useMutation } from "@tanstack/react-query";
import { ArrowDownToLine, LoaderCircle, RotateCcw, X } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { type Job, type Metadata, startDownload } from "@/api/client";
import { type Problem, problemFrom } from "@/api/problem";
import { useLookup } from "@/arrivals/lookup";
import { type Choices, NO_CHOICES, objectionTo, OrderKeys, orderFor } from "@/arrivals/order";
import { MoreChoices, QualityChoice } from "@/arrivals/choices";
import { formatBytes, formatDuration, hostOf, makerOf, nameOf } from "@/format";
import { KindTile } from "@/jobs/kind-tile";
import { KIND_WORDS } from "@/jobs/words";
import { store } from "@/jobs/harbour";
import { Trouble } from "@/shell/trouble";

interface ArrivalCardProps {
  url: string;
  isEager: boolean;
  onStarted: (url: string, job: Job) => void;
  onRemove: (url: string) => void;
}

function useStart(url: string, onStarted: ArrivalCardProps["onStarted"]) {
  const keys = useRef(new OrderKeys());
  return useMutation<Job, Problem, { kind: Metadata["kind"] | undefined; choices: Choices }>({
    mutationFn: async ({ kind, choices }) => {
      const body = orderFor(url, kind, choices);
      const askedAt = performance.now();
      try {
        const job = await startDownload(body, keys.current.keyFor(body));
        store.merge([job], askedAt);
        keys.current.settle(body);
        return job;
      } catch (thrown) {
        const problem = problemFrom(thrown);
        if (problem.status > 0 && problem.status < 500) keys.current.settle(body);
        throw problem;
      }
    },
    onSuccess: (job) => onStarted(url, job),
  });
}

export function ArrivalCard({ url, isEager, onStarted, onRemove }: ArrivalCardProps) {
  const lookup = useLookup(url);
  const start = useStart(url, onStarted);
  const [choices, setChoices] = useState(NO_CHOICES);
  const metadata = lookup.data;
  const objection = objectionTo(choices);
  const begin = () => {
    if (!objection && !start.isPending) start.mutate({ kind: metadata?.kind, choices });
  };

  const canBegin = isEager && metadata !== undefined && start.isIdle;
  const beginLatest = useRef(begin);
  useEffect(() => {
    beginLatest.current = begin;
  });
  useEffect(() => {
    if (canBegin) beginLatest.current();
  }, [canBegin]);

  const problem = start.error ?? lookup.error;
  return (
    <li data-arrival={url} aria-busy={lookup.isFetching} className="arrive rounded-xl border border-line bg-surface p-4 shadow-crate">
      <div className="grid grid-cols-[auto_minmax(0,1fr)_auto] items-start gap-x-4 gap-y-2">
        <KindTile kind={metadata?.kind ?? "auto"} contentType={metadata?.content_type ?? ""} thumbnail={metadata?.thumbnail_url} isLarge />
        <div className="space-y-1 max-sm:contents">
          <p className="line-clamp-3 leading-snug font-semibold [overflow-wrap:anywhere] sm:line-clamp-2 sm:text-lg">{metadata?.title || nameOf(url)}</p>
          <div className="min-w-0 max-sm:order-last max-sm:col-span-full">
            {metadata ? <Facts metadata={metadata} /> : <p className="truncate text-sm text-ink-faint">{url}</p>}
          </div>
        </div>
        <button type="button" className="button-icon -mt-1 -mr-1" aria-label={`Leave out ${metadata?.title || url}`} title="Leave out" onClick={() => onRemove(url)}>
          <X aria-hidden="true" size={18} />
        </button>
      </div>
      {lookup.isFetching && (
        <p role="status" className="mt-3 flex items-center gap-2 text-sm text-ink-soft">
          <LoaderCircle aria-hidden="true" size={16} className="animate-spin" />
          {isEager ? "Looking at it; it starts as soon as it is known…" : "Looking at it…"}
        </p>
      )}
      {problem && !lookup.isFetching && <Trouble problem={problem} />}
      {!lookup.isFetching && (
        <form
          className="mt-4 flex flex-wrap items-end gap-3"
          onSubmit={(event) => {
            event.preventDefault();
            begin();
          }}
        >
          {metadata?.kind === "media" && <QualityChoice metadata={metadata} choices={choices} onChange={setChoices} />}
          {(metadata || problem?.retryable) && (
            <button type="submit" className="button button-primary max-sm:grow" disabled={start.isPending || objection !== ""}>
              <ArrowDownToLine aria-hidden="true" size={18} />
              {start.isPending ? "Starting…" : metadata ? wordFor(metadata, choices) : "Start anyway"}
            </button>
          )}
          {lookup.isError && (
            <button type="button" className="button" onClick={() => lookup.refetch()}>
              <RotateCcw aria-hidden="true" size={16} /> Look again
            </button>
          )}
          {metadata && <MoreChoices metadata={metadata} choices={choices} objection={objection} onChange={setChoices} />}
        </form>
      )}
    </li>
  );
}

function Facts({ metadata }: { metadata: Metadata }) {
  const facts = [makerOf(metadata.uploader, metadata.url), formatDuration(metadata.duration_seconds), formatBytes(metadata.size_bytes)];
  const type = metadata.kind === "file" ? metadata.content_type?.split(";")[0] : "";
  return (
    <>
      <p className="dotted figures text-sm text-ink-soft">
        <span className="stamp -mr-2 rounded-sm bg-accent px-1.5 py-0.5 leading-none font-bold text-on-accent">{KIND_WORDS[metadata.kind]}</span>
        {[hostOf(metadata.url), ...facts, type].filter(Boolean).map((fact) => (
          <span key={fact} className="[overflow-wrap:anywhere] nth-2:before:content-none">
            {fact}
          </span>
        ))}
      </p>
      {metadata.description && <p className="mt-1.5 line-clamp-2 text-sm text-ink-soft [overflow-wrap:anywhere]">{metadata.description}</p>}
    </>
  );
}

function wordFor(metadata: Metadata, choices: Choices): string {
  const kind = choices.kind === "auto" ? metadata.kind : choices.kind;
  if (kind === "media") return choices.quality === "audio" ? "Download audio" : "Download video";
  return kind === "page" ? "Save page" : "Download file";
}
