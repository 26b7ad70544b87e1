/** Tells a screen reader and the tab's title what goes on. */
import { useEffect, useRef, useState } from "react";
import type { Job } from "@/api/client";
import { useJobs } from "@/jobs/harbour";
import { isActive, type Jobs } from "@/jobs/store";
import { announcementOf, documentTitleOf } from "@/jobs/words";

export function Announcer() {
  const jobs = useJobs();
  const before = useRef<Jobs>(jobs);
  const [words, setWords] = useState("");
  useEffect(() => {
    const news = [...jobs.values()].map(({ job }) => announcementOf(before.current.get(job.id)?.job, job)).filter(Boolean);
    before.current = jobs;
    if (news.length) setWords(news.slice(0, 3).join(". "));
    const active: Job[] = [...jobs.values()].map(({ job }) => job).filter(isActive);
    document.title = documentTitleOf(active);
  }, [jobs]);
  return (
    <p aria-live="polite" className="sr-only" data-announcer>
      {words}
    </p>
  );
}
