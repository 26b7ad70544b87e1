/** The choices on a card: the quality in plain sight, the rarer ones folded away. */
import { ChevronDown } from "lucide-react";
import { useId } from "react";
import type { Metadata } from "@/api/client";
import { type Choices, qualitiesOf } from "@/arrivals/order";
import { KIND_WORDS } from "@/jobs/words";

interface ChoiceProps {
  metadata: Metadata;
  choices: Choices;
  onChange: (choices: Choices) => void;
}

const KINDS = ["media", "file", "page"] as const;

export function QualityChoice({ metadata, choices, onChange }: ChoiceProps) {
  const qualities = qualitiesOf(metadata);
  const best = metadata.qualities?.length && qualities[0] ? `Best (${qualities[0]})` : "Best";
  const id = useId();
  return (
    <div className="max-sm:grow">
      <label htmlFor={id} className="mb-1 block text-sm font-medium text-ink-soft">
        Quality
      </label>
      <Picker id={id} value={choices.quality} onPick={(value) => onChange({ ...choices, quality: value as Choices["quality"] })}>
        <option value="best">{best}</option>
        {qualities.map((quality) => (
          <option key={quality} value={quality}>
            {quality}
          </option>
        ))}
        <option value="audio">Audio only</option>
      </Picker>
    </div>
  );
}

export function MoreChoices({ metadata, choices, objection, onChange }: ChoiceProps & { objection: string }) {
  const id = useId();
  const chosen = choices.kind === "auto" ? metadata.kind : choices.kind;
  return (
    <details className="group w-full sm:contents sm:details-content:basis-full">
      <summary className="flex min-h-10 list-none items-center gap-1 rounded-md px-1 text-sm font-medium text-ink-soft hover:text-ink sm:ml-auto [&::-webkit-details-marker]:hidden">
        More choices <ChevronDown aria-hidden="true" size={16} className="transition-transform group-open:rotate-180" />
      </summary>
      <div className="mt-2 grid w-full gap-3 border-t border-line pt-3 sm:grid-cols-[10rem_10rem_1fr]">
        <div>
          <label htmlFor={`${id}-kind`} className="mb-1 block text-sm font-medium text-ink-soft">
            Take it as
          </label>
          <Picker id={`${id}-kind`} value={chosen} onPick={(value) => onChange({ ...choices, kind: value as Choices["kind"] })}>
            {KINDS.map((kind) => (
              <option key={kind} value={kind}>
                {KIND_WORDS[kind]}
              </option>
            ))}
          </Picker>
        </div>
        <div>
          <label htmlFor={`${id}-limit`} className="mb-1 block text-sm font-medium text-ink-soft">
            At most, in MB
          </label>
          <input
            id={`${id}-limit`}
            inputMode="decimal"
            value={choices.limitMegabytes}
            placeholder="No limit"
            className="field w-full"
            onChange={(event) => onChange({ ...choices, limitMegabytes: event.target.value })}
          />
        </div>
        {chosen === "file" && (
          <div>
            <label htmlFor={`${id}-sum`} className="mb-1 block text-sm font-medium text-ink-soft">
              SHA-256 that it must have
            </label>
            <input
              id={`${id}-sum`}
              value={choices.checksum}
              spellCheck={false}
              placeholder="64 hexadecimal digits"
              className="field w-full font-mono text-sm"
              onChange={(event) => onChange({ ...choices, checksum: event.target.value })}
            />
          </div>
        )}
        {objection && (
          <p role="alert" className="text-sm text-port sm:col-span-full">
            {objection}
          </p>
        )}
      </div>
    </details>
  );
}

interface PickerProps {
  id: string;
  value: string;
  onPick: (value: string) => void;
  children: React.ReactNode;
}

function Picker({ id, value, onPick, children }: PickerProps) {
  return (
    <div className="relative">
      <select id={id} value={value} onChange={(event) => onPick(event.target.value)} className="field figures w-full appearance-none !pr-9">
        {children}
      </select>
      <ChevronDown aria-hidden="true" size={16} className="pointer-events-none absolute top-1/2 right-3 -translate-y-1/2 text-ink-faint" />
    </div>
  );
}
