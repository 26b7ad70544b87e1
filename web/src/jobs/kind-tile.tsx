/** The picture or the sign of a kind of goods. */
import { AudioLines, Copy, Files, FileText, Film, Flame, Image, Link2, type LucideIcon, Network, Package } from "lucide-react";
import { useState } from "react";
import type { Job } from "@/api/client";

type Kind = Job["kind"];

const SIGNS: Record<Kind, LucideIcon> = {
  auto: Link2,
  media: Film,
  file: Package,
  page: FileText,
  prepare: Copy,
  crawl: Network,
  scrape: Files,
  warm: Flame,
};

export function signOf(kind: Kind, contentType = ""): LucideIcon {
  if (contentType.startsWith("audio/")) return AudioLines;
  if (contentType.startsWith("image/")) return Image;
  if (contentType.startsWith("video/")) return Film;
  return SIGNS[kind];
}

interface KindTileProps {
  kind: Kind;
  contentType?: string | undefined;
  thumbnail?: string | null | undefined;
  isLarge?: boolean;
}

export function KindTile({ kind, contentType, thumbnail, isLarge = false }: KindTileProps) {
  const [broken, setBroken] = useState<string | null>(null);
  const Sign = signOf(kind, contentType);
  const picture = thumbnail && thumbnail !== broken ? thumbnail : null;
  const size = isLarge ? "h-18 w-32 max-sm:h-12 max-sm:w-16" : "h-12 w-20 max-sm:w-12";
  return (
    <div className={`${size} relative grid shrink-0 place-items-center overflow-hidden rounded-md border border-line bg-sunken text-ink-faint`}>
      <Sign aria-hidden="true" size={isLarge ? 26 : 20} strokeWidth={1.75} />
      {picture && (
        <img
          src={picture}
          alt=""
          loading="lazy"
          decoding="async"
          referrerPolicy="no-referrer"
          className="absolute inset-0 size-full object-cover"
          onError={() => setBroken(picture)}
        />
      )}
    </div>
  );
}
