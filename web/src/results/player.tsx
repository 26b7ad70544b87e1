/** Plays a video or a sound that has arrived. */
import { useState } from "react";
import type { Job, JobFile } from "@/api/client";
import { inlineUrl, viewOf } from "@/results/view";

export function Player({ job, file }: { job: Job; file: JobFile }) {
  const [failed, setFailed] = useState<string | null>(null);
  const source = inlineUrl(file);
  const picture = job.files.find((other) => other.role === "thumbnail" && viewOf(other) === "image");
  const captions = job.files.filter((other) => other.content_type.startsWith("text/vtt"));
  if (failed === source)
    return <p className="rounded-lg bg-sunken p-4 text-ink-soft">This browser cannot play this kind of file. Downloaded, it plays in any media player.</p>;
  if (viewOf(file) === "audio")
    return (
      <audio key={source} src={source} controls preload="metadata" className="w-full" aria-label={file.name} onError={() => setFailed(source)} />
    );
  return (
    <video
      key={source}
      src={source}
      poster={picture && inlineUrl(picture)}
      controls
      playsInline
      preload="metadata"
      aria-label={file.name}
      className="max-h-[70dvh] w-full rounded-lg bg-black"
      onError={() => setFailed(source)}
    >
      {captions.map((track) => (
        <track key={track.asset_id} kind="subtitles" src={inlineUrl(track)} label={track.name} />
      ))}
    </video>
  );
}
