/** What is in the field and which links it holds; the links are looked up once the text has settled. */
import { useEffect, useReducer } from "react";
import { findLinks } from "@/arrivals/links";

const SETTLE_MS = 500;

export interface Field {
  text: string;
  /** The links of the text as it last settled. */
  links: readonly string[];
  /** Enter was pressed: what is known starts now, the rest as soon as it is known. */
  isEager: boolean;
}

export type FieldEvent =
  | { type: "typed"; text: string }
  | { type: "settled" }
  | { type: "added"; text: string }
  | { type: "entered" }
  | { type: "removed"; link: string }
  | { type: "cleared" };

export function fieldWith(text: string): Field {
  return { text, links: findLinks(text), isEager: false };
}

export function changeField(field: Field, event: FieldEvent): Field {
  switch (event.type) {
    case "typed":
      return { ...field, text: event.text, isEager: false };
    case "settled":
      return settle(field);
    case "added":
      return settle({ ...field, text: [field.text.trim(), event.text.trim()].filter(Boolean).join("\n"), isEager: false });
    case "entered":
      return settle({ ...field, isEager: true });
    case "removed":
      return settle({ ...field, text: findLinks(field.text).filter((link) => link !== event.link).join("\n") });
    case "cleared":
      return fieldWith("");
  }
}

function settle(field: Field): Field {
  const links = findLinks(field.text);
  const isSame = links.join("\n") === field.links.join("\n");
  return { text: field.text, links: isSame ? field.links : links, isEager: field.isEager && links.length > 0 };
}

export interface Arrivals extends Field {
  type: (text: string) => void;
  /** Adds pasted or dropped text and looks at it at once. */
  add: (text: string) => void;
  enter: () => void;
  remove: (link: string) => void;
  clear: () => void;
}

export function useArrivals(initial: string): Arrivals {
  const [field, tell] = useReducer(changeField, initial, fieldWith);
  useEffect(() => {
    const timer = setTimeout(() => tell({ type: "settled" }), SETTLE_MS);
    return () => clearTimeout(timer);
  }, [field.text]);
  return {
    ...field,
    type: (text) => tell({ type: "typed", text }),
    add: (text) => tell({ type: "added", text }),
    enter: () => tell({ type: "entered" }),
    remove: (link) => tell({ type: "removed", link }),
    clear: () => tell({ type: "cleared" }),
  };
}
