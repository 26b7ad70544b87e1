import { expect, test } from "vitest";
import { changeField, type Field, type FieldEvent, fieldWith } from "@/arrivals/arrivals";

function after(...events: FieldEvent[]): Field {
  return events.reduce(changeField, fieldWith(""));
}

const A = "https://a.example/1";
const B = "https://b.example/2";

test("typed text is looked at only when it has settled", () => {
  expect(after({ type: "typed", text: A }).links).toEqual([]);
  expect(after({ type: "typed", text: A }, { type: "settled" }).links).toEqual([A]);
});

test("pasted text is looked at immediately and joins what is there", () => {
  expect(after({ type: "added", text: A }, { type: "added", text: B })).toEqual({ text: `${A}\n${B}`, links: [A, B], isEager: false });
});

test("enter starts what is there, and typing on takes that back", () => {
  const entered = after({ type: "typed", text: A }, { type: "entered" });
  expect(entered).toMatchObject({ links: [A], isEager: true });
  expect(changeField(entered, { type: "typed", text: `${A}x` }).isEager).toBe(false);
});

test("enter on something that is no link starts nothing", () => {
  expect(after({ type: "typed", text: "hello" }, { type: "entered" }).isEager).toBe(false);
});

test("links that have started leave one after the other, and the last ends the hurry", () => {
  const both = after({ type: "added", text: `${A}\n${B}` }, { type: "entered" });
  const one = changeField(both, { type: "removed", link: A });
  expect(one).toEqual({ text: B, links: [B], isEager: true });
  expect(changeField(one, { type: "removed", link: B })).toEqual({ text: "", links: [], isEager: false });
});

test("settling without a change keeps the same list, so that nothing is looked up again", () => {
  const settled = after({ type: "added", text: A });
  expect(changeField(settled, { type: "settled" }).links).toBe(settled.links);
});
