/** The page: the field in the harbour, what is about to arrive, the list, and one job in full. */
import { useEffect, useRef } from "react";
import { Toaster } from "sonner";
import type { Job } from "@/api/client";
import { ArrivalTray } from "@/arrivals/arrival-tray";
import { useArrivals } from "@/arrivals/arrivals";
import { DropZone, isTextInput } from "@/arrivals/drop-zone";
import { LinkField } from "@/arrivals/link-field";
import { Announcer } from "@/jobs/announcer";
import { startFeed } from "@/jobs/harbour";
import { JobList } from "@/jobs/job-list";
import { JobPanel } from "@/jobs/job-panel";
import { Bulkhead } from "@/shell/bulkhead";
import { Header } from "@/shell/header";
import { LostBanner } from "@/shell/lost-banner";
import { useMediaQuery, WIDE } from "@/shell/media-query";
import { parseHash, useRoute, visit } from "@/shell/route";
import { useTheme } from "@/shell/theme";

// A bookmarklet or a phone's share sheet brings a link as `?url=` or `?text=`; it is shown, never started by itself.
function takeSharedText(): string {
  const query = new URLSearchParams(location.search);
  const shared = query.get("url") || query.get("text") || "";
  if (location.search) history.replaceState(null, "", location.pathname + location.hash);
  return shared;
}
const sharedText = takeSharedText();

export function App() {
  const arrivals = useArrivals(sharedText);
  const route = useRoute();
  const [theme, toggleTheme] = useTheme();
  const isWide = useMediaQuery(WIDE);
  const isCovered = route.jobId !== null && !isWide;
  const field = useRef<HTMLTextAreaElement>(null);
  const startedCount = useRef(0);
  useEffect(startFeed, []);
  useKeys(field);
  useFocusReturn(route.jobId);
  useEffect(() => {
    document.documentElement.style.overflow = isCovered ? "hidden" : "";
  }, [isCovered]);
  useEffect(() => {
    if (arrivals.links.length === 0) startedCount.current = 0;
  }, [arrivals.links]);

  const onAdded = (text: string) => {
    if (!isWide) visit(null);
    arrivals.add(text);
    field.current?.focus();
    scrollTo({ top: 0 });
  };
  const onStarted = (url: string, job: Job) => {
    arrivals.remove(url);
    startedCount.current += 1;
    if (arrivals.links.length > 1 || startedCount.current > 1) return;
    if (isWide) visit(job.id);
    field.current?.focus({ preventScroll: true });
  };
  return (
    <>
      <div className="corrugated bg-harbour text-on-harbour" inert={isCovered}>
        <div className="mx-auto max-w-6xl px-4 pb-5 sm:px-8 sm:pb-7">
          <Header theme={theme} onToggle={toggleTheme} />
          <h1 className="mt-2 mb-5 text-[1.75rem] leading-tight font-extrabold tracking-tight sm:mt-4 sm:text-4xl">
            Any link in. <span className="whitespace-nowrap text-accent">Yours to keep.</span>
          </h1>
          <LinkField arrivals={arrivals} fieldRef={field} />
        </div>
      </div>
      <main className="mx-auto max-w-6xl px-4 pt-6 pb-16 sm:px-8 sm:pt-8">
        <LostBanner />
        <div inert={isCovered}>
          <ArrivalTray arrivals={arrivals} onStarted={onStarted} />
        </div>
        <div className={route.jobId ? "grid items-start gap-6 lg:grid-cols-[minmax(0,5fr)_minmax(0,6fr)]" : ""}>
          <div inert={isCovered}>
            <JobList selectedId={route.jobId} />
          </div>
          {route.jobId && (
            <Bulkhead key={route.jobId}>
              <JobPanel id={route.jobId} isLogOpen={route.isLogOpen} />
            </Bulkhead>
          )}
        </div>
      </main>
      <DropZone onText={onAdded} />
      <Announcer />
      <Toaster position="bottom-center" theme={theme} closeButton />
    </>
  );
}

function useKeys(field: React.RefObject<HTMLTextAreaElement | null>): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key === "/" && !isTextInput(event.target)) {
        event.preventDefault();
        if (!matchMedia(WIDE).matches) visit(null);
        field.current?.focus();
      } else if (event.key === "Escape") {
        const { jobId, isLogOpen } = parseHash(location.hash);
        visit(isLogOpen ? jobId : null);
      }
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, [field]);
}

/** Closing a job puts the focus back on its row. */
function useFocusReturn(jobId: string | null): void {
  const before = useRef(jobId);
  useEffect(() => {
    if (before.current !== null && jobId === null && document.activeElement === document.body)
      document.querySelector<HTMLElement>(`[data-job="${before.current}"] .row-link`)?.focus();
    before.current = jobId;
  }, [jobId]);
}
