/** A value that somebody writes, in a form or as JSON: nothing that was typed is lost, also while it is no JSON. */
import { type ReadJson, readJson, writeJson } from "@/lib/json";
import type { Field } from "./fields";
import { type Faults, judge } from "./judging";

export interface Draft {
  /** What was written last that could be read. */
  value: unknown;
  /** What is written as JSON. */
  text: string;
  isJson: boolean;
}

/** Returns what is begun with: a form, where there is one for such values. */
export function beginDraft(value: unknown, field: Field | null): Draft {
  return { value, text: writeJson(value), isJson: !hasForm(field) };
}

/** Tells whether values can be written in a form. */
export function hasForm(field: Field | null): field is Field {
  return field !== null && field.kind !== "json";
}

/** Returns the draft with another value, as a form gives it, or a run that was before. */
export function setValue(draft: Draft, value: unknown): Draft {
  return { ...draft, value, text: writeJson(value) };
}

/** Returns the draft with another text. */
export function setText(draft: Draft, text: string): Draft {
  const read = readJson(text);
  return { ...draft, text, value: "value" in read ? read.value : draft.value };
}

/** Returns what is wrong with the JSON; `null` where it can be read, or a form is written. */
export function findFlaw({ isJson, text }: Draft): Exclude<ReadJson, { value: unknown }> | null {
  const read = isJson ? readJson(text) : { value: null };
  return "error" in read ? read : null;
}

/** Returns in what the draft does not fit its schema; empty where there is none. */
export function judgeDraft({ value }: Draft, field: Field | null): Faults {
  return field ? judge(field, value) : new Map();
}
