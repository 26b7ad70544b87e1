/** The links of the field, each looked at before it starts. */
import type { Job } from "@/api/client";
import { ArrivalCard } from "@/arrivals/arrival-card";
import type { Arrivals } from "@/arrivals/arrivals";
import { MOST_LINKS } from "@/arrivals/links";

interface ArrivalTrayProps {
  arrivals: Arrivals;
  onStarted: (url: string, job: Job) => void;
}

export function ArrivalTray({ arrivals, onStarted }: ArrivalTrayProps) {
  const { links, isEager } = arrivals;
  if (links.length === 0) return null;
  return (
    <section aria-label="About to arrive" className="mb-8">
      {links.length > 1 && (
        <div className="mb-3 flex items-center justify-between gap-3">
          <p className="figures font-semibold">
            {links.length} links{links.length === MOST_LINKS && ", the most at once"}
          </p>
          <button type="button" className="button button-primary" disabled={isEager} onClick={arrivals.enter}>
            Bring all in
          </button>
        </div>
      )}
      <ul className="space-y-3">
        {links.map((url) => (
          <ArrivalCard key={url} url={url} isEager={isEager} onStarted={onStarted} onRemove={arrivals.remove} />
        ))}
      </ul>
    </section>
  );
}
