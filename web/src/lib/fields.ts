/** Moments as fields of the browser hold them: local, to the minute. All functions are pure. */

/** Returns a moment as a field for dates and times holds it; an empty text for none. */
export function toField(moment: Date | string | undefined): string {
  if (moment === undefined) return "";
  const date = new Date(moment);
  const two = (number: number) => String(number).padStart(2, "0");
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day}T${two(date.getHours())}:${two(date.getMinutes())}`;
}

/** Returns the moment that a field holds, as the API takes it; `null` for an empty or unfinished one. A day ends it. */
export function fromField(field: string): string | null {
  if (field === "") return null;
  const moment = new Date(field.length === 10 ? `${field}T23:59:59` : field);
  return Number.isNaN(moment.getTime()) ? null : moment.toISOString();
}
