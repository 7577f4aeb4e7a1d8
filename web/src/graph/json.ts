/** Reading JSON that may be anything: what is not as it should be is taken as empty. */

export type Json = Record<string, unknown>;

export function asObject(value: unknown): Json {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : {};
}

export function asList(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

/** Returns a text, or a number as it is written. */
export function asText(value: unknown): string {
  return typeof value === "string" ? value : typeof value === "number" ? String(value) : "";
}

/** Returns the object that stands under a name. */
export function member(value: unknown, name: string): Json {
  return asObject(asObject(value)[name]);
}
