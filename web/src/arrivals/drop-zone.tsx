/** Takes links that are pasted or dropped anywhere on the page. */
import { ArrowDownToLine } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { textOfTransfer } from "@/arrivals/links";

const MOST_TEXT_BYTES = 100_000;

export function DropZone({ onText }: { onText: (text: string) => void }) {
  const [isOver, setOver] = useState(false);
  const latest = useRef(onText);
  useEffect(() => {
    latest.current = onText;
  });
  useEffect(() => listen(setOver, (text) => latest.current(text)), []);
  if (!isOver) return null;
  return (
    <div className="pointer-events-none fixed inset-3 z-50 grid place-items-center rounded-2xl border-4 border-dashed border-accent bg-harbour/90 text-on-harbour">
      <p className="flex items-center gap-4 text-2xl font-bold">
        <ArrowDownToLine aria-hidden="true" size={36} /> Set it down here
      </p>
    </div>
  );
}

function listen(setOver: (isOver: boolean) => void, take: (text: string) => void): () => void {
  let leaving: ReturnType<typeof setTimeout> | undefined;
  const events = new AbortController();
  const { signal } = events;
  addEventListener("dragover", (event) => {
    if (!event.dataTransfer || isOwn(event.dataTransfer)) return;
    event.preventDefault();
    setOver(true);
    clearTimeout(leaving);
    leaving = setTimeout(() => setOver(false), 250); // dragover repeats while something hovers; leaving the window does not always tell
  }, { signal });
  addEventListener("drop", (event) => {
    if (!event.dataTransfer || isOwn(event.dataTransfer)) return;
    event.preventDefault();
    setOver(false);
    void textOfDrop(event.dataTransfer).then((text) => text && take(text));
  }, { signal });
  addEventListener("paste", (event) => {
    if (isTextInput(event.target) || !event.clipboardData) return;
    const text = textOfTransfer(event.clipboardData);
    if (text.trim()) take(text);
  }, { signal });
  return () => {
    events.abort();
    clearTimeout(leaving);
  };
}

// A link of this very page that is dragged about: nothing to fetch.
function isOwn(data: DataTransfer): boolean {
  return data.getData("text/uri-list").startsWith(location.origin);
}

async function textOfDrop(data: DataTransfer): Promise<string> {
  const texts = [...data.files].filter((file) => file.size <= MOST_TEXT_BYTES && /^text\/|^$/.test(file.type));
  if (texts.length === 0) return textOfTransfer(data);
  return (await Promise.all(texts.map((file) => file.text()))).join("\n");
}

export function isTextInput(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest("input, textarea, select, [contenteditable]") !== null;
}
