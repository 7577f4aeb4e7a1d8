/** Reading what an address says: everything in it may be anything. */

/** Returns a text of an address without blanks around it; `undefined` where there is none. */
export function readText(value: unknown): string | undefined {
  const text = typeof value === "number" || typeof value === "string" ? String(value).trim() : "";
  return text === "" ? undefined : text;
}

/** Returns `value` if it is one of `choices`. */
export function readChoice<Choice extends string>(value: unknown, choices: readonly Choice[]): Choice | undefined {
  return choices.find((choice) => choice === value);
}

/** Returns the object without members that are undefined, so that they do not stand in the address. */
export function withoutUndefined<T extends object>(object: T): T {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as T;
}
