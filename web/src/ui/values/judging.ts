/** What is wrong with a form, as far as it can be told before a run is started. The server has the last word. */
import { escapePointer } from "@/graph/tree";
import { type Field, isObject } from "./fields";

/** What is wrong, by JSON pointer; the whole is the empty one. */
export type Faults = Map<string, string>;

export const NO_FAULTS: Faults = new Map();

export function judge(field: Field, value: unknown, pointer = "", faults: Faults = new Map()): Faults {
  if (value === undefined) {
    if (field.isRequired && pointer !== "") faults.set(pointer, "This is needed.");
    return faults;
  }
  const fault = judgeOne(field, value);
  if (fault) faults.set(pointer, fault);
  else if (field.kind === "object" && isObject(value)) {
    for (const each of field.fields) judge(each, value[each.name], `${pointer}/${escapePointer(each.name)}`, faults);
  } else if (field.kind === "list" && field.item && Array.isArray(value)) {
    for (const [index, each] of value.entries()) judge(field.item, each, `${pointer}/${index}`, faults);
  }
  return faults;
}

function judgeOne(field: Field, value: unknown): string {
  switch (field.kind) {
    case "object":
      return isObject(value) ? "" : "Here are keys and values needed.";
    case "list":
      return Array.isArray(value) ? judgeCount(field, value.length, "item", "Items") : "Here is a list needed.";
    case "boolean":
      return typeof value === "boolean" ? "" : "It is true or false.";
    case "choice":
      return field.choices.includes(value) ? "" : `It is one of ${field.choices.join(", ")}.`;
    case "number":
    case "integer":
      return judgeNumber(field, value);
    case "text":
      return judgeText(field, value);
    default:
      return "";
  }
}

function judgeCount({ rules }: Field, count: number, word: string, words: string): string {
  const { minItems, maxItems } = rules;
  if (minItems !== undefined && count < minItems) return `${words} needed: at least ${minItems}.`;
  if (maxItems !== undefined && count > maxItems) return `At most ${maxItems} ${word}${maxItems === 1 ? "" : "s"}.`;
  return "";
}

function judgeNumber({ kind, rules }: Field, value: unknown): string {
  if (typeof value !== "number") return "It is a number.";
  if (kind === "integer" && !Number.isInteger(value)) return "It is a whole number.";
  if (rules.minimum !== undefined && value < rules.minimum) return `At least ${rules.minimum}.`;
  if (rules.maximum !== undefined && value > rules.maximum) return `At most ${rules.maximum}.`;
  if (rules.exclusiveMinimum !== undefined && value <= rules.exclusiveMinimum)
    return `More than ${rules.exclusiveMinimum}.`;
  if (rules.exclusiveMaximum !== undefined && value >= rules.exclusiveMaximum)
    return `Less than ${rules.exclusiveMaximum}.`;
  return "";
}

function judgeText({ rules }: Field, value: unknown): string {
  if (typeof value !== "string") return "It is a text.";
  const length = [...value].length;
  if (rules.minLength !== undefined && length < rules.minLength) return `At least ${rules.minLength} characters.`;
  if (rules.maxLength !== undefined && length > rules.maxLength) return `At most ${rules.maxLength} characters.`;
  if (rules.pattern !== undefined && !matches(rules.pattern, value)) return `It must match ${rules.pattern}`;
  return "";
}

function matches(pattern: string, value: string): boolean {
  try {
    return new RegExp(pattern, "u").test(value);
  } catch {
    return true; // A pattern that this browser cannot read is left to the server.
  }
}
