/** The JSON schema of the language, walked along a path of a document: what may stand there, and what it means. */
import type { Path } from "./readText";

export interface Schema {
  $ref?: string;
  $defs?: Record<string, Schema>;
  title?: string;
  description?: string;
  type?: string | string[];
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: boolean | Schema;
  items?: Schema;
  oneOf?: Schema[];
  anyOf?: Schema[];
  allOf?: Schema[];
  if?: Schema;
  then?: Schema;
  else?: Schema;
  enum?: unknown[];
  const?: unknown;
  default?: unknown;
  pattern?: string;
  minimum?: number;
}

/**
 * Returns the schemas that hold for the value at a path: one for each way in which the document may be meant.
 *
 * @param root The schema of the whole document, with its `$defs`.
 * @param path The keys and indices that lead to the value.
 * @param document The document as far as it can be read; what stands in it tells the alternatives of a schema apart.
 */
export function findSchemas(root: Schema, path: Path, document: unknown): Schema[] {
  let schemas = spread(root, root, document);
  let value = document;
  for (const step of path) {
    value = childOf(value, step);
    const next = schemas.flatMap((schema) => childSchemas(schema, step));
    schemas = unique(next.flatMap((schema) => spread(root, schema, value)));
  }
  return schemas;
}

function childOf(value: unknown, step: string | number): unknown {
  if (typeof value !== "object" || value === null) return undefined;
  return (value as Record<string | number, unknown>)[step];
}

function childSchemas(schema: Schema, step: string | number): Schema[] {
  if (typeof step === "number") return schema.items ? [schema.items] : [];
  const named = schema.properties && Object.hasOwn(schema.properties, step) ? schema.properties[step] : undefined;
  if (named) return [named];
  return typeof schema.additionalProperties === "object" ? [schema.additionalProperties] : [];
}

/** Writes a schema out: references followed, alternatives apart, what holds under a condition put in where it holds. */
function spread(root: Schema, schema: Schema, value: unknown, depth = 0): Schema[] {
  if (depth > 12) return [];
  const { $ref, oneOf, anyOf, allOf, ...own } = schema;
  if ($ref !== undefined) {
    const target = root.$defs?.[$ref.replace("#/$defs/", "")];
    if (!target) return [];
    // What stands beside a reference says more about this place than what is referred to.
    return spread(root, target, value, depth + 1).map((each) => ({ ...each, ...pick(own) }));
  }
  const alternatives = oneOf ?? anyOf;
  const parts = (allOf ?? []).flatMap((part) => conditional(part, value));
  const base = parts.reduce<Schema>(merge, own);
  if (!alternatives || alternatives.every((each) => isOnlyRequired(each))) return [base];
  const all = alternatives.flatMap((each) => spread(root, each, value, depth + 1));
  return chooseFitting(all, value).map((each) => ({ ...each, ...pick(own) }));
}

function pick(own: Schema): Schema {
  return own.description === undefined ? {} : { description: own.description };
}

/** Alternatives that ask for keys only say nothing about what may stand in a place. */
function isOnlyRequired(schema: Schema): boolean {
  return Object.keys(schema).every((key) => key === "required" || key === "not");
}

function conditional(part: Schema, value: unknown): Schema[] {
  if (part.if === undefined) return isOnlyRequired(part) || part.oneOf || part.anyOf ? [] : [part];
  const chosen = fits(part.if, value) ? part.then : part.else;
  return chosen ? [chosen] : [];
}

function merge(one: Schema, other: Schema): Schema {
  return {
    ...one,
    ...other,
    properties: { ...one.properties, ...other.properties },
    required: [...(one.required ?? []), ...(other.required ?? [])],
  };
}

/** Tells whether a value has what a condition asks for; only what the language's schema uses is looked at. */
function fits(condition: Schema, value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const object = value as Record<string, unknown>;
  if (condition.required?.some((key) => !Object.hasOwn(object, key))) return false;
  return Object.entries(condition.properties ?? {}).every(
    ([key, schema]) => !Object.hasOwn(object, key) || isAllowed(schema, object[key]),
  );
}

function isAllowed(schema: Schema, value: unknown): boolean {
  if (schema.const !== undefined) return schema.const === value;
  if (schema.enum !== undefined) return schema.enum.includes(value);
  return true;
}

/** Keeps the alternatives that the value could be meant as; all of them where it says nothing yet. */
function chooseFitting(schemas: Schema[], value: unknown): Schema[] {
  if (value === undefined || value === null) return schemas;
  const ofType = schemas.filter((schema) => typeFits(schema, value));
  if (typeof value !== "object" || Array.isArray(value)) return ofType.length > 0 ? ofType : schemas;
  const keys = Object.keys(value);
  const score = (schema: Schema) => keys.filter((key) => schema.properties && Object.hasOwn(schema.properties, key));
  const best = Math.max(0, ...ofType.map((schema) => score(schema).length));
  const chosen = ofType.filter((schema) => score(schema).length === best);
  return chosen.length > 0 ? chosen : schemas;
}

function typeFits(schema: Schema, value: unknown): boolean {
  if (schema.type === undefined) return true;
  const types = Array.isArray(schema.type) ? schema.type : [schema.type];
  const its = Array.isArray(value) ? "array" : value === null ? "null" : typeof value;
  return types.some((type) => type === its || (type === "integer" && its === "number"));
}

function unique(schemas: Schema[]): Schema[] {
  const seen = new Set<string>();
  return schemas.filter((schema) => {
    const key = JSON.stringify(schema);
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

/** Says what kind of value a schema asks for, in a word or two. */
export function describeType(schema: Schema): string {
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((each) => JSON.stringify(each)).join(", ");
  const type = Array.isArray(schema.type) ? schema.type.join(" or ") : schema.type;
  const words: Record<string, string> = {
    object: "keys and values",
    array: "a list",
    string: "a text",
    integer: "a whole number",
    number: "a number",
    boolean: "true or false",
  };
  return type === undefined ? "" : (words[type] ?? type);
}
