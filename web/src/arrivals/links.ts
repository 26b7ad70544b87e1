/** Finds links in whatever a person pasted, dropped or typed. */

export const MOST_LINKS = 50;

const WITH_SCHEME = /[a-z][a-z0-9+.-]*:\/\/\S+/gi;
const BARE = /^(?:localhost|(?:[\p{L}\p{N}_-]+\.)+[\p{L}\p{N}-]{2,}|\d{1,3}(?:\.\d{1,3}){3})\.?(?::\d{1,5})?(?:[/?#]\S*)?$/u;

/** The links of a text in their order, each once; an address without a scheme counts when it is a line of its own. */
export function findLinks(text: string): string[] {
  const found = new Set<string>();
  for (const line of text.split(/\r?\n/)) {
    const whole = line.trim();
    const matches = whole.match(WITH_SCHEME);
    if (matches) for (const match of matches) found.add(withoutWrapping(match));
    else if (BARE.test(whole)) found.add(`https://${whole}`);
  }
  return [...found].filter((link) => !link.endsWith("://")).slice(0, MOST_LINKS);
}

/** The text of a drop or a paste: a dragged link comes as `text/uri-list`, whose `#` lines are comments. */
export function textOfTransfer(data: Pick<DataTransfer, "getData">): string {
  const list = data.getData("text/uri-list");
  const links = list.split(/\r?\n/).filter((line) => line && !line.startsWith("#"));
  return links.length ? links.join("\n") : data.getData("text/plain");
}

// Sentences and markdown put punctuation after a link; a closing bracket belongs to it only when it was opened in it.
function withoutWrapping(link: string): string {
  let end = link.length;
  for (;;) {
    const last = link[end - 1] ?? "";
    const rest = link.slice(0, end);
    const opening = { ")": "(", "]": "[", "}": "{" }[last];
    const unbalanced = opening !== undefined && count(rest, last) > count(rest, opening);
    if (!unbalanced && !/[.,;:!?"'<>»”’]/.test(last)) return rest;
    end -= 1;
  }
}

function count(text: string, letter: string): number {
  return text.split(letter).length - 1;
}
