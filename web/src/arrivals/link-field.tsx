/** The one field: paste, drop or type links; Enter starts them. */
import { ArrowDownToLine, X } from "lucide-react";
import { type ClipboardEvent, type KeyboardEvent, type RefObject, useId } from "react";
import type { Arrivals } from "@/arrivals/arrivals";
import { findLinks, textOfTransfer } from "@/arrivals/links";

interface LinkFieldProps {
  arrivals: Arrivals;
  fieldRef: RefObject<HTMLTextAreaElement | null>;
}

export function LinkField({ arrivals, fieldRef }: LinkFieldProps) {
  const hintId = useId();
  const { text } = arrivals;
  const isPuzzling = text.trim() !== "" && findLinks(text).length === 0;

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Enter" && !event.shiftKey && !event.nativeEvent.isComposing) {
      event.preventDefault();
      arrivals.enter();
    } else if (event.key === "Escape" && text) {
      event.preventDefault();
      event.stopPropagation();
      arrivals.clear();
    }
  };
  // A paste into the empty field is looked at at once; one into a text under way is left to the person.
  const onPaste = (event: ClipboardEvent) => {
    const pasted = textOfTransfer(event.clipboardData);
    if (text.trim() || findLinks(pasted).length === 0) return;
    event.preventDefault();
    arrivals.add(pasted);
  };
  return (
    <div>
      <div className="relative rounded-xl bg-surface p-1.5 shadow-crate ring-1 ring-line transition-shadow has-[textarea:focus-visible]:ring-3 has-[textarea:focus-visible]:ring-accent">
        <label htmlFor="link-field" className="sr-only">
          Links to videos, files or web pages, one on each line
        </label>
        <div className="flex items-start gap-1.5">
          <textarea
            id="link-field"
            ref={fieldRef}
            rows={1}
            autoFocus={location.hash === ""}
            value={text}
            placeholder="Paste a link…"
            spellCheck={false}
            autoCapitalize="off"
            autoCorrect="off"
            inputMode="url"
            enterKeyHint="go"
            aria-describedby={hintId}
            aria-invalid={isPuzzling}
            onChange={(event) => arrivals.type(event.target.value)}
            onKeyDown={onKeyDown}
            onPaste={onPaste}
            className="field-sizing-content max-h-40 min-h-12 min-w-0 grow resize-none bg-transparent px-3 py-2.5 text-lg text-ink outline-none [overflow-wrap:anywhere] placeholder:text-ink-faint"
          />
          {text && (
            <button type="button" className="button-icon mt-1" aria-label="Clear" title="Clear (Esc)" onClick={() => { arrivals.clear(); fieldRef.current?.focus(); }}>
              <X aria-hidden="true" size={18} />
            </button>
          )}
          <button type="button" className="button button-primary min-h-12 px-5 text-base max-sm:px-4" disabled={!text.trim()} onClick={arrivals.enter}>
            <ArrowDownToLine aria-hidden="true" size={20} />
            <span className="max-sm:sr-only">Bring it in</span>
          </button>
        </div>
      </div>
      <p id={hintId} className="mt-2.5 min-h-6 text-sm text-on-harbour-soft" role={isPuzzling ? "alert" : undefined}>
        {isPuzzling ? "That is not a link yet. A link looks like https://example.com/film." : "A video, a file, a page. Several at once: one on each line."}
        {!isPuzzling && <span className="max-sm:hidden"> Press / to come here, Enter to start.</span>}
      </p>
    </div>
  );
}
