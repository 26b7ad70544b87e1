/** Asks what links are, a few at a time, so that fifty pasted links do not crowd out everything else. */
import { useQuery } from "@tanstack/react-query";
import { fetchMetadata, type Metadata } from "@/api/client";
import { Turnstile } from "@/arrivals/turnstile";
import type { Problem } from "@/api/problem";

const turnstile = new Turnstile(2);

export function useLookup(url: string) {
  return useQuery<Metadata, Problem>({
    queryKey: ["metadata", url],
    queryFn: ({ signal }) => turnstile.pass(() => fetchMetadata(url, signal), signal),
    staleTime: 10 * 60_000,
    gcTime: 10 * 60_000,
    retry: false,
  });
}
