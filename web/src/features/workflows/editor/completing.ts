/** What can be written at a place of a workflow's text, and what stands there means: pure, from the language's schema. */
import { isMap } from "yaml";
import { outlineAt } from "./outline";
import { findByPath, findNodeAt, findScalar, type Path, readText } from "./readText";
import { describeType, findSchemas, type Schema } from "./schemaWalk";

export interface Suggestion {
  label: string;
  kind: "key" | "value";
  /** What is put in; the cursor stands at its end. */
  insert: string;
  detail: string;
  info: string;
  isRequired: boolean;
}

export interface Suggestions {
  /** What is replaced. */
  from: number;
  to: number;
  items: Suggestion[];
}

/** Stands for the cursor while the text around it is read. */
const MARK = "kapellCursor0";
const WORD = /[\w$.-]*$/;

/** Returns what can be written at a place; `null` where nothing is known of it. */
export function suggestAt(whole: string, place: number, root: Schema): Suggestions | null {
  const { text, offset, shift } = outlineAt(whole, place);
  const found = suggestIn(text, offset, root);
  return found && { ...found, from: found.from + shift, to: found.to + shift };
}

function suggestIn(text: string, offset: number, root: Schema): Suggestions | null {
  const lineFrom = text.lastIndexOf("\n", offset - 1) + 1;
  const before = text.slice(lineFrom, offset);
  if (/(^|\s)#/.test(before)) return null;
  const from = offset - (before.match(WORD)?.[0].length ?? 0);
  const to = offset + (text.slice(offset).match(/^[\w$-]*/)?.[0].length ?? 0);
  const restEnd = text.indexOf("\n", to);
  const rest = text.slice(to, restEnd === -1 ? text.length : restEnd);
  const isAlone = /^\s*(- +)*$/.test(text.slice(lineFrom, from)) && /^\s*(#.*)?$/.test(rest);
  const asKey = isAlone ? trySuggest(text, from, to, `${MARK}:`, root, before) : null;
  return asKey ?? trySuggest(text, from, to, MARK, root, before);
}

function trySuggest(text: string, from: number, to: number, mark: string, root: Schema, before: string) {
  const marked = text.slice(0, from) + mark + text.slice(to);
  const read = readText(marked);
  const found = findScalar(read.root, MARK);
  if (!found) return null;
  const value = toJs(read.root);
  if (found.isKey) {
    const around = found.path.slice(0, -1);
    const map = findByPath(read.root, around);
    const present = isMap(map) ? map.items.map((pair) => String(pair.key)).filter((key) => key !== MARK) : [];
    const schemas = findSchemas(root, around, without(value, found.path));
    const hasColon = mark === MARK && /^\s*:/.test(text.slice(to));
    const items = [...suggestKeys(root, schemas, present, hasColon, before), ...suggestItems(schemas, present)];
    return items.length > 0 ? { from, to, items } : null;
  }
  const schemas = findSchemas(root, found.path, without(value, found.path));
  const items = [
    ...suggestValues(schemas),
    ...suggestNames(found.path, value),
    ...(found.path.length === 0 ? suggestKeys(root, schemas, [], false, before) : []),
  ];
  return items.length > 0 ? { from, to, items } : null;
}

function suggestKeys(
  root: Schema,
  schemas: Schema[],
  present: string[],
  hasColon: boolean,
  before: string,
): Suggestion[] {
  const known = new Map<string, Suggestion>();
  const indent = " ".repeat((before.match(/^(\s*(?:- +)*)/)?.[1] ?? "").length + 2);
  for (const schema of schemas) {
    for (const [key, its] of Object.entries(schema.properties ?? {})) {
      if (present.includes(key) || known.has(key)) continue;
      const kinds = findSchemas({ ...root, ...its, properties: its.properties }, [], undefined);
      const isRequired = schema.required?.includes(key) ?? false;
      known.set(key, {
        label: key,
        kind: "key",
        insert: hasColon ? key : `${key}:${openingOf(kinds, indent)}`,
        detail: isRequired ? "required" : kinds[0] && kinds.length === 1 ? describeType(kinds[0]) : "",
        info: its.description ?? kinds[0]?.description ?? "",
        isRequired,
      });
    }
  }
  return [...known.values()];
}

/** What follows a key: a new line where keys or items follow, a space where a value does. */
function openingOf(kinds: Schema[], indent: string): string {
  const types = new Set(kinds.map((kind) => kind.type));
  if (types.size === 1 && types.has("object")) return `\n${indent}`;
  if (types.size === 1 && types.has("array")) return `\n${indent}- `;
  return " ";
}

/** In a list, a key begins an item: names of tasks are free, so that only what must stand is said. */
function suggestItems(schemas: Schema[], present: string[]): Suggestion[] {
  if (present.length > 0) return [];
  return schemas.flatMap((schema) => suggestValues([schema]));
}

function suggestValues(schemas: Schema[]): Suggestion[] {
  const words = new Map<string, Suggestion>();
  const add = (value: unknown, schema: Schema, detail = "") => {
    if (typeof value === "object" && value !== null) return;
    const label = typeof value === "string" ? quoteIfNeeded(value) : String(value);
    if (!words.has(label)) {
      words.set(label, {
        label,
        kind: "value",
        insert: label,
        detail,
        info: schema.description ?? "",
        isRequired: false,
      });
    }
  };
  for (const schema of schemas) {
    for (const value of schema.enum ?? []) add(value, schema);
    if (schema.const !== undefined) add(schema.const, schema);
    if (schema.type === "boolean") for (const value of [true, false]) add(value, schema);
    if (schema.default !== undefined) add(schema.default, schema, "unless written");
    // Words that a text may be are named in its description: "`continue`, `exit`, `end` or a task's name".
    if (schema.type === "string" && !schema.enum) {
      for (const [, word] of (schema.description ?? "").matchAll(/`([a-z0-9-]+)`/g)) {
        if (word !== "use" && !(word ?? "").startsWith("use.")) add(word, schema);
      }
    }
  }
  return [...words.values()];
}

/** Names that stand elsewhere in the text: of tasks for `then`, of what `use` defines. */
function suggestNames(path: Path, document: unknown): Suggestion[] {
  const key = path.at(-1);
  if (key === "then") return listTaskNames(path, document).map((name) => suggestName(name, "task"));
  if (key === "call") return listUsed(document, "functions").map((name) => suggestName(name, "function"));
  if (key === "retry") return listUsed(document, "retries").map((name) => suggestName(name, "retry policy"));
  if (key === "timeout") return listUsed(document, "timeouts").map((name) => suggestName(name, "timeout"));
  if (key === "error") return listUsed(document, "errors").map((name) => suggestName(name, "error"));
  if (key === "use") return listUsed(document, "authentications").map((name) => suggestName(name, "authentication"));
  return [];
}

function suggestName(name: string, detail: string): Suggestion {
  const label = quoteIfNeeded(name);
  return { label, kind: "value", insert: label, detail, info: "", isRequired: false };
}

function listUsed(document: unknown, section: string): string[] {
  const used = childAt(document, ["use", section]);
  return typeof used === "object" && used !== null && !Array.isArray(used) ? Object.keys(used) : [];
}

/** The tasks that `then` may lead to: those of the list around the task. */
function listTaskNames(path: Path, document: unknown): string[] {
  const index = path.findLastIndex((step) => typeof step === "number");
  if (index === -1) return [];
  // In a case of a `switch`, the list is that of the switch.
  const isCase = path[index - 1] === "switch";
  const until = isCase ? path.slice(0, index).findLastIndex((step) => typeof step === "number") : index;
  const list = childAt(document, path.slice(0, until));
  if (!Array.isArray(list)) return [];
  const own = path[until + 1];
  return list
    .flatMap((item) => (typeof item === "object" && item !== null ? Object.keys(item) : []))
    .filter((name) => name !== own && name !== MARK);
}

function childAt(value: unknown, path: Path): unknown {
  let at = value;
  for (const step of path) {
    if (typeof at !== "object" || at === null) return undefined;
    at = (at as Record<string | number, unknown>)[step];
  }
  return at;
}

function quoteIfNeeded(word: string): string {
  return /^(true|false|null|yes|no|on|off|~|[\d.+-].*)$/i.test(word) || /[:#{}[\],&*!|>'"%@`]/.test(word)
    ? `'${word.replaceAll("'", "''")}'`
    : word;
}

function toJs(root: unknown): unknown {
  try {
    return (root as { toJSON(): unknown } | null)?.toJSON();
  } catch {
    return undefined;
  }
}

/** The document without what stands for the cursor, so that it tells no alternatives apart. */
function without(document: unknown, path: Path): unknown {
  const [step, ...rest] = path;
  if (step === undefined) return undefined;
  if (typeof document !== "object" || document === null) return document;
  if (Array.isArray(document)) {
    return document.map((item, index) => (index === step ? without(item, rest) : item));
  }
  const entries = Object.entries(document as Record<string, unknown>);
  return Object.fromEntries(
    entries.flatMap(([key, value]) => {
      if (key !== step) return [[key, value]];
      return rest.length === 0 ? [] : [[key, without(value, rest)]];
    }),
  );
}

export interface Meaning {
  from: number;
  to: number;
  title: string;
  description: string;
  detail: string;
}

/** Returns what the key or value at a place means; `null` where nothing is known of it. */
export function explainAt(whole: string, place: number, root: Schema): Meaning | null {
  const { text, offset, shift } = outlineAt(whole, place);
  const read = readText(text);
  const found = findNodeAt(read.root, offset);
  if (!found?.node.range || found.path.length === 0) return null;
  const schemas = findSchemas(root, found.path, toJs(read.root));
  const described = schemas.filter((schema) => schema.description);
  const [first] = described;
  if (!first) return null;
  const [from, to] = found.node.range;
  const types = [...new Set(schemas.map(describeType).filter(Boolean))];
  const fallback = first.default === undefined ? "" : `Unless written: ${JSON.stringify(first.default)}`;
  return {
    from: from + shift,
    to: to + shift,
    title: String(found.path.at(-1)),
    description: first.description ?? "",
    detail: [types.length > 0 ? `It holds ${types.slice(0, 3).join(", or ")}` : "", fallback]
      .filter(Boolean)
      .join(". "),
  };
}
