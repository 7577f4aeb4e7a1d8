/** The value of a secret, as it is typed: one text, or fields with names. */

export interface SecretField {
  id: number;
  name: string;
  value: string;
}

/** What a task reads from a secret by which field: offered where a secret begins. */
export const USUAL_FIELDS = ["token", "username", "password"];

/** Returns why the fields cannot be sent, or `null`. */
export function checkFields(fields: SecretField[]): string | null {
  const names = fields.map((field) => field.name.trim());
  if (names.length === 0) return "Give it at least one field.";
  if (names.includes("")) return "Each field has a name.";
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  return twice === undefined ? null : `There are two fields with the name ${twice}.`;
}

/** Returns the fields as the object that is kept. */
export function toObject(fields: SecretField[]): Record<string, string> {
  return Object.fromEntries(fields.map(({ name, value }) => [name.trim(), value]));
}
