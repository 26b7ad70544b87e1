/** The name, the state of the line to the service, and the colour scheme. */
import { Moon, Sun } from "lucide-react";
import { useFeedState } from "@/jobs/harbour";
import type { Theme } from "@/shell/theme";

const STATES = {
  connecting: { word: "Connecting", light: "bg-on-harbour-soft" },
  live: { word: "Live", light: "bg-[#5ed9a8]" },
  polling: { word: "Every 2 s", light: "bg-accent" },
  lost: { word: "No connection", light: "bg-[#ff9184]" },
};

export function Header({ theme, onToggle }: { theme: Theme; onToggle: () => void }) {
  const { word, light } = STATES[useFeedState()];
  return (
    <header className="flex items-center gap-3 py-4">
      <a href="/" className="flex items-center gap-2.5 rounded-md text-xl font-extrabold tracking-tight">
        <Mark />
        Entrepôt
      </a>
      <nav aria-label="For programs" className="ml-auto">
        <a href="/api/docs" className="rounded-md px-2 py-2.5 text-sm text-on-harbour-soft hover:text-on-harbour hover:underline">
          API
        </a>
      </nav>
      <p className="flex items-center gap-2 text-sm text-on-harbour-soft" data-feed>
        <span aria-hidden="true" className={`size-2 rounded-full ${light}`} />
        {word}
      </p>
      <button
        type="button"
        onClick={onToggle}
        aria-label={theme === "dark" ? "Switch to light" : "Switch to dark"}
        title={theme === "dark" ? "Switch to light" : "Switch to dark"}
        className="button-icon !text-on-harbour hover:!bg-harbour-line"
      >
        {theme === "dark" ? <Sun aria-hidden="true" size={18} /> : <Moon aria-hidden="true" size={18} />}
      </button>
    </header>
  );
}

/** A gabled roof over two containers: the circumflex of the name. */
function Mark() {
  return (
    <svg viewBox="0 0 24 24" aria-hidden="true" className="size-8 shrink-0" fill="none">
      <path d="M2.5 10.5 12 4l9.5 6.5" stroke="var(--accent)" strokeWidth="2.8" strokeLinecap="round" strokeLinejoin="round" />
      <path d="M4 13.2h7.3v7.3H4zM12.7 13.2H20v7.3h-7.3z" fill="currentColor" />
    </svg>
  );
}
