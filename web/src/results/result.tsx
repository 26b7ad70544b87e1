/** A finished job's goods: the main one shown if a browser can show it, every one to be had. */
import { Check, Copy, Download, ExternalLink } from "lucide-react";
import { lazy, Suspense, useState } from "react";
import { toast } from "sonner";
import type { Job, JobFile } from "@/api/client";
import { formatBytes } from "@/format";
import { titleOf } from "@/jobs/words";
import { inlineUrl, linkTo, savingUrl, viewOf } from "@/results/view";
import { Player } from "@/results/player";

const Reader = lazy(() => import("@/results/reader"));

export function Result({ job }: { job: Job }) {
  const main = job.files[0];
  if (!main) return null;
  return (
    <div className="space-y-5">
      <Showing job={job} file={main} />
      <ul aria-label="Files" className="space-y-2">
        {job.files.map((file, place) => (
          <FileLine key={file.asset_id} file={file} isMain={place === 0} />
        ))}
      </ul>
    </div>
  );
}

function Showing({ job, file }: { job: Job; file: JobFile }) {
  switch (viewOf(file)) {
    case "video":
    case "audio":
      return <Player job={job} file={file} />;
    case "image":
      return (
        <a href={inlineUrl(file)} target="_blank" rel="noopener noreferrer" className="block rounded-lg">
          <img src={inlineUrl(file)} alt={file.name} className="mx-auto max-h-[70dvh] rounded-lg border border-line bg-sunken" />
        </a>
      );
    case "markdown":
    case "text":
      return (
        <Suspense fallback={<p className="text-ink-soft">Opening…</p>}>
          <Reader file={file} base={job.source?.url ?? job.url} title={titleOf(job)} />
        </Suspense>
      );
    case "none":
      return null;
  }
}

function FileLine({ file, isMain }: { file: JobFile; isMain: boolean }) {
  const canOpen = viewOf(file) !== "none" || file.content_type === "application/pdf";
  return (
    <li className="flex flex-wrap items-center gap-x-3 gap-y-2 rounded-lg border border-line bg-sunken p-3">
      <div className="min-w-0 grow basis-48">
        <p className="font-medium [overflow-wrap:anywhere]">{file.name}</p>
        <p className="figures text-sm text-ink-faint">
          {formatBytes(file.size_bytes)} · {file.content_type.split(";")[0]}
          {!isMain && ` · ${file.role}`}
        </p>
      </div>
      <div className="flex items-center gap-1">
        {canOpen && (
          <a href={inlineUrl(file)} target="_blank" rel="noopener noreferrer" className="button-icon" aria-label={`Open ${file.name} in a new tab`} title="Open in a new tab">
            <ExternalLink aria-hidden="true" size={18} />
          </a>
        )}
        <CopyLink file={file} />
        <a href={savingUrl(file)} download className={isMain ? "button button-primary" : "button"} aria-label={`Download ${file.name}, ${formatBytes(file.size_bytes)}`}>
          <Download aria-hidden="true" size={18} />
          <span className="figures">Download {isMain && formatBytes(file.size_bytes)}</span>
        </a>
      </div>
    </li>
  );
}

function CopyLink({ file }: { file: JobFile }) {
  const [isCopied, setCopied] = useState(false);
  const copy = async () => {
    if (!(await copyText(linkTo(file)))) {
      toast.error("The browser does not let us copy. Long-press or right-click “Download” instead.");
      return;
    }
    setCopied(true);
    setTimeout(() => setCopied(false), 2000);
  };
  return (
    <button type="button" className="button-icon" aria-label={isCopied ? "Link copied" : `Copy link to ${file.name}`} title="Copy link" onClick={copy}>
      {isCopied ? <Check aria-hidden="true" size={18} className="text-starboard" /> : <Copy aria-hidden="true" size={18} />}
    </button>
  );
}

// The clipboard API is missing on pages that came over plain HTTP from another machine.
async function copyText(text: string): Promise<boolean> {
  if (navigator.clipboard) return navigator.clipboard.writeText(text).then(() => true, () => false);
  const field = document.createElement("textarea");
  field.value = text;
  field.style.position = "fixed";
  document.body.append(field);
  field.select();
  const done = document.execCommand("copy");
  field.remove();
  return done;
}
