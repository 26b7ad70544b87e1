/** Reads a page that has arrived, or any other text. Nothing in it is ever taken as HTML. */
import { useQuery } from "@tanstack/react-query";
import type { ComponentProps, MouseEvent } from "react";
import Markdown from "react-markdown";
import remarkGfm from "remark-gfm";
import type { JobFile } from "@/api/client";
import { problemFrom } from "@/api/problem";
import { formatBytes } from "@/format";
import { fetchText, MOST_BYTES, resolveLink, withoutTitle } from "@/results/text";
import { inlineUrl, viewOf } from "@/results/view";
import { Trouble } from "@/shell/trouble";

interface ReaderProps {
  file: JobFile;
  /** Where relative links start from. */
  base: string;
  /** What stands over the reader already. */
  title: string;
}

export default function Reader({ file, base, title }: ReaderProps) {
  const piece = useQuery({
    queryKey: ["text", file.asset_id, file.sha256],
    queryFn: ({ signal }) => fetchText(inlineUrl(file), signal),
    staleTime: Infinity,
    retry: 1,
  });
  if (piece.isPending) return <p className="text-ink-soft">Opening…</p>;
  if (piece.isError) return <Trouble problem={problemFrom(piece.error)} />;
  const { text, cutFromBytes } = piece.data;
  return (
    <div>
      {viewOf(file) === "markdown" ? (
        <Article text={withoutTitle(text, title)} base={base} />
      ) : (
        <pre tabIndex={0} className="max-h-[70dvh] overflow-auto rounded-lg border border-line bg-sunken p-4 font-mono text-sm">
          {text}
        </pre>
      )}
      {cutFromBytes !== null && (
        <p className="figures mt-4 text-sm text-ink-faint">
          The first {formatBytes(MOST_BYTES)} of {formatBytes(cutFromBytes)}. Download it for the rest.
        </p>
      )}
    </div>
  );
}

function Article({ text, base }: { text: string; base: string }) {
  return (
    <article className="prose" data-reader>
      <Markdown
        remarkPlugins={[remarkGfm]}
        skipHtml
        urlTransform={(href) => resolveLink(href, base)}
        components={{
          a: ({ node: _node, ...rest }) => <PageLink {...rest} />,
          img: ({ node: _node, ...rest }) => <img {...rest} alt={rest.alt ?? ""} loading="lazy" decoding="async" referrerPolicy="no-referrer" />,
          table: ({ node: _node, ...rest }) => (
            <div className="table-frame">
              <table {...rest} />
            </div>
          ),
        }}
      >
        {text}
      </Markdown>
    </article>
  );
}

// The hash of the address is the page's own place: a footnote scrolls without touching it.
function PageLink({ href, children, ...rest }: ComponentProps<"a">) {
  if (!href) return <span>{children}</span>;
  if (!href.startsWith("#"))
    return (
      <a {...rest} href={href} target="_blank" rel="noopener noreferrer nofollow">
        {children}
      </a>
    );
  const scroll = (event: MouseEvent) => {
    event.preventDefault();
    document.getElementById(href.slice(1))?.scrollIntoView({ block: "center" });
  };
  return (
    <a {...rest} href={href} onClick={scroll}>
      {children}
    </a>
  );
}
