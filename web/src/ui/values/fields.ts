/** A form made from a JSON schema: which field each part of the input gets, and what a form begins with. */

export type FieldKind = "object" | "list" | "text" | "choice" | "number" | "integer" | "boolean" | "json";

export interface Field {
  kind: FieldKind;
  /** The key in the object around it; empty for the whole, and for what stands in a list. */
  name: string;
  label: string;
  description: string;
  isRequired: boolean;
  default: unknown;
  /** What stands in an object. */
  fields: Field[];
  /** What stands in a list. */
  item: Field | null;
  choices: unknown[];
  rules: Rules;
}

/** What a value must satisfy, as far as a form can say it beforehand. */
export interface Rules {
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  exclusiveMaximum?: number;
  minLength?: number;
  maxLength?: number;
  pattern?: string;
  format?: string;
  minItems?: number;
  maxItems?: number;
}

type Json = Record<string, unknown>;

const DEEPEST = 8;
const PARTS = ["oneOf", "anyOf", "allOf", "not", "if", "patternProperties", "prefixItems", "$dynamicRef"];

/** Returns the field of a schema. Whatever a form has no field for becomes one in which JSON is written. */
export function makeField(schema: unknown): Field {
  return make(schema, isObject(schema) ? schema : {}, "", true, 0);
}

function make(given: unknown, root: Json, name: string, isRequired: boolean, depth: number): Field {
  const schema = resolve(given, root);
  const field: Field = {
    kind: "json",
    name,
    label: textOf(schema.title) || name,
    description: textOf(schema.description),
    isRequired,
    default: schema.default,
    fields: [],
    item: null,
    choices: [],
    rules: readRules(schema),
  };
  if (depth > DEEPEST || PARTS.some((part) => schema[part] !== undefined)) return field;
  const choices = schema.const !== undefined ? [schema.const] : schema.enum;
  if (Array.isArray(choices)) {
    const isSimple = choices.length > 0 && choices.every((each) => ["string", "number"].includes(typeof each));
    return isSimple ? { ...field, kind: "choice", choices } : field;
  }
  switch (schema.type) {
    case "string":
      return { ...field, kind: "text" };
    case "number":
    case "integer":
    case "boolean":
      return { ...field, kind: schema.type };
    case "array": {
      const items = isObject(schema.items) ? schema.items : null;
      return items ? { ...field, kind: "list", item: make(items, root, "", true, depth + 1) } : field;
    }
    case "object":
      return makeObject(field, schema, root, depth);
    default:
      return field;
  }
}

/** An object without named keys, or with free ones that the schema describes, is written as JSON. */
function makeObject(field: Field, schema: Json, root: Json, depth: number): Field {
  const properties = isObject(schema.properties) ? schema.properties : {};
  const names = Object.keys(properties);
  if (names.length === 0 || isObject(schema.additionalProperties)) return field;
  const required = Array.isArray(schema.required) ? schema.required : [];
  const unnamed = required.filter((name) => typeof name === "string" && !names.includes(name));
  if (unnamed.length > 0) return field;
  const fields = names.map((name) => make(properties[name], root, name, required.includes(name), depth + 1));
  return { ...field, kind: "object", fields };
}

/** Follows a reference within the schema; what stands beside it is added. */
function resolve(given: unknown, root: Json): Json {
  let schema = isObject(given) ? given : {};
  for (let step = 0; step < DEEPEST && typeof schema.$ref === "string"; step++) {
    const { $ref, ...own } = schema;
    const target = findByReference(root, String($ref));
    if (!target) return {};
    schema = { ...target, ...own };
  }
  return schema;
}

function findByReference(root: Json, reference: string): Json | null {
  if (!reference.startsWith("#")) return null;
  let at: unknown = root;
  for (const step of reference.slice(1).split("/").slice(1)) {
    if (!isObject(at)) return null;
    at = at[decodeURIComponent(step).replaceAll("~1", "/").replaceAll("~0", "~")];
  }
  return isObject(at) ? at : null;
}

const NUMBERS = [
  "minimum",
  "maximum",
  "exclusiveMinimum",
  "exclusiveMaximum",
  "minLength",
  "maxLength",
  "minItems",
  "maxItems",
] as const;

function readRules(schema: Json): Rules {
  const rules: Rules = {};
  for (const key of NUMBERS) {
    const value = schema[key];
    if (typeof value === "number") rules[key] = value;
  }
  for (const key of ["pattern", "format"] as const) {
    const value = schema[key];
    if (typeof value === "string") rules[key] = value;
  }
  return rules;
}

export function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** Returns what a form begins with: the defaults, and what must be there and can be empty. */
export function makeBeginning(field: Field): unknown {
  if (field.default !== undefined) return structuredClone(field.default);
  if (field.kind !== "object") return undefined;
  const entries = field.fields
    .map((each) => [each.name, makeBeginning(each)] as const)
    .filter(([, value]) => value !== undefined);
  return entries.length > 0 || field.isRequired ? Object.fromEntries(entries) : undefined;
}

/** Returns a value with a part of it set; `undefined` takes the part away. */
export function setPart(value: unknown, name: string, part: unknown): Json {
  const { [name]: _, ...others } = isObject(value) ? value : {};
  if (part === undefined) return others;
  // It stays where it stood, so that what is written as JSON does not jump.
  if (isObject(value) && Object.hasOwn(value, name)) return { ...value, [name]: part };
  return { ...others, [name]: part };
}

/** Finds the schema of the input in a workflow that has been read; `undefined` where it has none in its text. */
export function findInputSchema(document: unknown): unknown {
  if (!isObject(document) || !isObject(document.input)) return undefined;
  const { schema } = document.input;
  if (!isObject(schema) || (schema.format !== undefined && !String(schema.format).startsWith("json"))) return undefined;
  return schema.document;
}
