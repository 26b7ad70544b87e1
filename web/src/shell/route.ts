/** The page's place in the URL's hash: `#job/{id}` or `#job/{id}/log`, so that a reload or a bookmark comes back to it. */
import { useSyncExternalStore } from "react";

export interface Route {
  jobId: string | null;
  isLogOpen: boolean;
}

export function parseHash(hash: string): Route {
  const match = /^#job\/([\w-]+)(\/log)?$/.exec(hash);
  return { jobId: match?.[1] ?? null, isLogOpen: match?.[2] !== undefined };
}

export function hashOf(jobId: string, isLogOpen = false): string {
  return `#job/${jobId}${isLogOpen ? "/log" : ""}`;
}

/** Goes to a job, or back to the list with null. */
export function visit(jobId: string | null, isLogOpen = false): void {
  if (jobId !== null) location.hash = hashOf(jobId, isLogOpen);
  else if (location.hash) {
    history.pushState(null, "", location.pathname);
    dispatchEvent(new HashChangeEvent("hashchange"));
  }
}

export function useRoute(): Route {
  return parseHash(useSyncExternalStore(subscribe, () => location.hash));
}

function subscribe(listener: () => void): () => void {
  addEventListener("hashchange", listener);
  addEventListener("popstate", listener);
  return () => {
    removeEventListener("hashchange", listener);
    removeEventListener("popstate", listener);
  };
}
