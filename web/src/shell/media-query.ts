/** Whether a media query holds, now and whenever that changes. */
import { useCallback, useSyncExternalStore } from "react";

/** Wide enough for the list and a job side by side; the same limit as the `lg:` classes. */
export const WIDE = "(min-width: 64rem)";

export function useMediaQuery(query: string): boolean {
  const subscribe = useCallback(
    (listener: () => void) => {
      const list = matchMedia(query);
      list.addEventListener("change", listener);
      return () => list.removeEventListener("change", listener);
    },
    [query],
  );
  return useSyncExternalStore(subscribe, () => matchMedia(query).matches);
}
