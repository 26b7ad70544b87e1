/** The live list: shelves, search, rows, and older ones on demand. */
import { useInfiniteQuery } from "@tanstack/react-query";
import { Search } from "lucide-react";
import { type KeyboardEvent, useDeferredValue, useEffect, useMemo, useState } from "react";
import { fetchJobs, type JobStatus } from "@/api/client";
import { EmptyQuay } from "@/jobs/empty-quay";
import { store, useJobs } from "@/jobs/harbour";
import { JobRow } from "@/jobs/job-row";
import { isActive, SHELVES, type Shelf, visibleJobs } from "@/jobs/store";

const SHELF_WORDS: Record<Shelf, string> = { all: "All", active: "Under way", completed: "Arrived", failed: "Failed" };

// The service filters by one status; a shelf of several is asked for as a whole and filtered here.
function statusOf(shelf: Shelf): JobStatus | null {
  const [only, ...others] = SHELVES[shelf];
  return only && others.length === 0 ? only : null;
}

function useListing(shelf: Shelf, search: string) {
  const status = statusOf(shelf);
  return useInfiniteQuery({
    queryKey: ["jobs", status, search],
    initialPageParam: "",
    queryFn: async ({ pageParam, signal }) => {
      const askedAt = performance.now();
      const query = { ...(status && { status }), ...(search && { q: search }), ...(pageParam && { cursor: pageParam }) };
      const list = await fetchJobs(query, signal);
      store.merge(list.items, askedAt);
      return { ids: list.items.map((job) => job.id), nextCursor: list.next_cursor };
    },
    getNextPageParam: (page) => page.nextCursor,
  });
}

export function JobList({ selectedId }: { selectedId: string | null }) {
  const [shelf, setShelf] = useState<Shelf>("all");
  const [typed, setTyped] = useState("");
  const search = useSettled(typed.trim());
  const listing = useListing(shelf, search);
  const jobs = useJobs();
  const nowMs = useMinute();

  const pages = listing.data?.pages;
  const matched = useMemo(() => new Set(search ? pages?.flatMap((page) => page.ids) : []), [pages, search]);
  const shown = useDeferredValue(useMemo(() => visibleJobs(jobs, shelf, search, matched), [jobs, shelf, search, matched]));

  if (jobs.size === 0) return listing.isPending || listing.isError ? <Waiting isLost={listing.isError} /> : <EmptyQuay />;
  const activeCount = [...jobs.values()].filter(({ job }) => isActive(job)).length;
  return (
    <section aria-labelledby="jobs-heading" className="@container">
      <div className="mb-4 flex flex-wrap items-center gap-x-4 gap-y-3">
        <h2 id="jobs-heading" className="sr-only">
          Jobs
        </h2>
        <fieldset className="flex rounded-lg border border-line bg-surface p-0.5">
          <legend className="sr-only">Show</legend>
          {(Object.keys(SHELF_WORDS) as Shelf[]).map((name) => (
            <label
              key={name}
              className="figures cursor-pointer rounded-md px-2.5 py-1.5 text-sm font-medium text-ink-soft has-checked:bg-ink has-checked:text-canvas has-focus-visible:outline-3 has-focus-visible:outline-offset-2 has-focus-visible:outline-focus sm:px-3"
            >
              <input type="radio" name="shelf" className="sr-only" checked={shelf === name} onChange={() => setShelf(name)} />
              {SHELF_WORDS[name]}
              {name === "active" && activeCount > 0 && ` ${activeCount}`}
            </label>
          ))}
        </fieldset>
        <label className="relative w-full @xl:ml-auto @xl:w-64">
          <span className="sr-only">Search jobs</span>
          <Search aria-hidden="true" size={16} className="pointer-events-none absolute top-1/2 left-3 -translate-y-1/2 text-ink-faint" />
          <input
            type="search"
            value={typed}
            onChange={(event) => setTyped(event.target.value)}
            placeholder="Search"
            className="field w-full !border-line !pl-9"
          />
        </label>
      </div>
      {shown.length === 0 ? (
        <p className="rounded-xl border border-dashed border-line-strong p-8 text-center text-ink-soft">
          {listing.isFetching ? "Looking…" : "Nothing here matches."}
        </p>
      ) : (
        <ul className="space-y-3" onKeyDown={moveFocus}>
          {shown.map((job) => (
            <JobRow key={job.id} job={job} isSelected={job.id === selectedId} nowMs={nowMs} />
          ))}
        </ul>
      )}
      {listing.hasNextPage && (
        <button type="button" className="button mx-auto mt-5 flex" disabled={listing.isFetchingNextPage} onClick={() => listing.fetchNextPage()}>
          {listing.isFetchingNextPage ? "Fetching…" : "Show older"}
        </button>
      )}
    </section>
  );
}

function Waiting({ isLost }: { isLost: boolean }) {
  if (isLost) return <p className="py-16 text-center text-ink-soft">The list appears as soon as the service answers.</p>;
  return (
    <div aria-hidden="true" className="space-y-3">
      {[0, 1, 2].map((place) => (
        <div key={place} className="h-28 animate-pulse rounded-xl border border-line bg-surface opacity-60" />
      ))}
    </div>
  );
}

function moveFocus(event: KeyboardEvent<HTMLUListElement>): void {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step === undefined || !(event.target instanceof HTMLAnchorElement)) return;
  const links = [...event.currentTarget.querySelectorAll<HTMLAnchorElement>(".row-link")];
  const next = links[links.indexOf(event.target) + step];
  if (!next) return;
  event.preventDefault();
  next.focus();
}

/** The value once it has stopped changing for a moment. */
function useSettled(value: string): string {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), 250);
    return () => clearTimeout(timer);
  }, [value]);
  return settled;
}

/** The time now, renewed each half minute, for "5 min ago". */
function useMinute(): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 30_000);
    return () => clearInterval(timer);
  }, []);
  return now;
}
