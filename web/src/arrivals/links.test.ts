import { expect, test } from "vitest";
import { findLinks, MOST_LINKS, textOfTransfer } from "@/arrivals/links";

test.each<[string, string[]]>([
  ["", []],
  ["hello there", []],
  ["https://example.com/film", ["https://example.com/film"]],
  ["  https://example.com/film\n", ["https://example.com/film"]],
  ["see https://example.com/a, and (https://example.com/b).", ["https://example.com/a", "https://example.com/b"]],
  ["https://en.wikipedia.org/wiki/Port_(harbour)", ["https://en.wikipedia.org/wiki/Port_(harbour)"]],
  ["[title](https://example.com/x)", ["https://example.com/x"]],
  ["https://a.example/1\nhttps://a.example/2\r\nhttps://a.example/1", ["https://a.example/1", "https://a.example/2"]],
  ["example.com/film", ["https://example.com/film"]],
  ["bücher.example", ["https://bücher.example"]],
  ["localhost:8000/x", ["https://localhost:8000/x"]],
  ["192.0.2.7:8080/file", ["https://192.0.2.7:8080/file"]],
  ["one word. two words", []],
  ["ftp://example.com/x", ["ftp://example.com/x"]],
  ["https://", []],
])("%j holds %j", (text, links) => expect(findLinks(text)).toEqual(links));

test("a very long list is cut", () => {
  const text = Array.from({ length: 80 }, (_, place) => `https://example.com/${place}`).join("\n");
  expect(findLinks(text)).toHaveLength(MOST_LINKS);
});

test("a dragged link is taken before its title", () => {
  const kinds: Record<string, string> = { "text/uri-list": "# from a page\r\nhttps://example.com/a", "text/plain": "A title" };
  expect(textOfTransfer({ getData: (kind) => kinds[kind] ?? "" })).toBe("https://example.com/a");
  expect(textOfTransfer({ getData: (kind) => (kind === "text/plain" ? "A title" : "") })).toBe("A title");
});
