import { expect, test } from "vitest";
import { resolveLink, withoutTitle } from "@/results/text";
import { inlineUrl, savingUrl, viewOf } from "@/results/view";

test.each([
  ["video/mp4", "a.mp4", "video"],
  ["AUDIO/mpeg", "a.mp3", "audio"],
  ["image/webp", "a.webp", "image"],
  ["image/svg+xml", "a.svg", "none"],
  ["text/html; charset=utf-8", "a.html", "none"],
  ["application/xhtml+xml", "a.xhtml", "none"],
  ["text/xml", "a.xml", "none"],
  ["text/javascript", "a.js", "none"],
  ["text/markdown; charset=utf-8", "a.md", "markdown"],
  ["text/plain", "README.md", "markdown"],
  ["text/plain", "a.txt", "text"],
  ["application/json", "a.json", "text"],
  ["application/pdf", "a.pdf", "none"],
  ["", "a", "none"],
])("%s (%s) is shown as %s", (content_type, name, view) => expect(viewOf({ content_type, name })).toBe(view));

test("bytes are shown and saved at the page's own origin", () => {
  expect(inlineUrl({ asset_id: "1" })).toBe("/assets/1/download?inline=1");
  expect(savingUrl({ asset_id: "a/b" })).toBe("/assets/a%2Fb/download");
});

test.each([
  ["https://other.example/x", "https://other.example/x"],
  ["/tables", "https://sea.example/tables"],
  ["b.png", "https://sea.example/a/b.png"],
  ["#note", "#note"],
  ["mailto:a@b.example", "mailto:a@b.example"],
  ["javascript:alert(1)", ""],
  ["JaVaScRiPt:alert(1)", ""],
  ["data:text/html,x", ""],
  ["http://[", ""],
])("a page's link %s leads to %j", (href, target) => expect(resolveLink(href, "https://sea.example/a/page")).toBe(target));

test.each([
  ["# Tides\n\nText", "\nText"],
  ["\n# Tides #\r\nText", "Text"],
  ["# Other\n\nText", "# Other\n\nText"],
  ["## Tides\nText", "## Tides\nText"],
  ["# Tides", ""],
])("%j is read below its title as %j", (markdown, rest) => expect(withoutTitle(markdown, "Tides")).toBe(rest));

test.each([
  ["# Tides &amp; tables\n", "Tides & tables"],
  ["# Tides \\& tables\\!\n", "Tides & tables!"],
  ["# `<video>`\n", "`<video>`"],
  ["# Tides  and tables\n", "Tides and tables"],
])("%j is the title %j", (markdown, title) => expect(withoutTitle(markdown, title)).toBe(""));
