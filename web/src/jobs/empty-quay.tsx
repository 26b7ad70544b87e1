/** What a newcomer sees: what may be pasted, and what becomes of it. */
import { FileText, Film, Package } from "lucide-react";

const LESSONS = [
  { Sign: Film, title: "A video or a song", text: "Choose the quality, watch it come in, play it here." },
  { Sign: FileText, title: "A web page", text: "Only what you came for, as clean Markdown to read and keep." },
  { Sign: Package, title: "Any file", text: "Resumed when the line breaks, checked to the last byte." },
];

export function EmptyQuay() {
  return (
    <section aria-labelledby="empty-heading" className="arrive pt-4 sm:pt-8">
      <h2 id="empty-heading" className="text-xl font-bold tracking-tight">
        The quay is empty. Paste a link above, or drop one anywhere.
      </h2>
      <ul className="mt-6 grid gap-px overflow-hidden rounded-xl border border-line bg-line sm:grid-cols-3">
        {LESSONS.map(({ Sign, title, text }) => (
          <li key={title} className="bg-surface p-5 sm:p-6">
            <Sign aria-hidden="true" size={24} strokeWidth={1.75} />
            <h3 className="mt-4 font-semibold">{title}</h3>
            <p className="mt-1 text-ink-soft">{text}</p>
          </li>
        ))}
      </ul>
      <p className="mt-5 text-ink-soft">
        Several links at once? One on each line. What comes in stays on this machine, and everything here can be done with{" "}
        <a href="/api/docs" className="font-medium underline decoration-accent-strong decoration-2 underline-offset-3">
          the API
        </a>{" "}
        too.
      </p>
    </section>
  );
}
