/** Said only when nothing can be had from the service at all. */
import { Unplug } from "lucide-react";
import { useFeedState } from "@/jobs/harbour";

export function LostBanner() {
  const isLost = useFeedState() === "lost";
  return (
    <div role="status" data-lost={isLost}>
      {isLost && (
        <p className="arrive mb-5 flex items-center gap-3 rounded-xl border border-port bg-port-wash px-4 py-3">
          <Unplug aria-hidden="true" size={20} className="shrink-0 text-port" />
          <span>
            <strong className="font-semibold">The line to the service is down.</strong> Trying again every two seconds. What was under way goes on by itself.
          </span>
        </p>
      )}
    </div>
  );
}
