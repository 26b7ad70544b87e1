/** A problem as people see it. */
import { CircleAlert } from "lucide-react";
import { spoken } from "@/api/problem";

/** A problem, humanely, with the code that a search or a report needs. */
export function Trouble({ problem }: { problem: { code: string; detail: string; title: string } }) {
  const sentence = spoken(problem.code, problem.title);
  return (
    <div role="alert" className="mt-3 flex items-start gap-2.5 rounded-lg bg-port-wash px-3 py-2.5 text-sm">
      <CircleAlert aria-hidden="true" size={18} className="mt-px shrink-0 text-port" />
      <p className="min-w-0 [overflow-wrap:anywhere]">
        <strong className="font-semibold">{sentence}</strong> {problem.detail !== sentence && problem.detail} <code className="stamp text-ink-faint">{problem.code}</code>
      </p>
    </div>
  );
}
