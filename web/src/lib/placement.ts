/** Where a refusal of the server belongs in a form: beside the field that it is about, if that can be told. */
import { ApiError } from "@/api/client";

const ABOUT_INPUT = new Set([409, 413, 422]);

/**
 * Returns for each field the sentence that it is to show, and `rest`: the error where no field could take it.
 *
 * `fields` has for each field what a sentence about it speaks of; the first that matches takes it.
 */
export function placeError<Field extends string>(
  error: unknown,
  fields: Partial<Record<Field, RegExp>>,
): { at: Partial<Record<Field, string>>; rest: unknown } {
  if (error instanceof ApiError && ABOUT_INPUT.has(error.status)) {
    for (const [field, about] of Object.entries(fields) as [Field, RegExp][]) {
      if (!about.test(error.problem.detail)) continue;
      const text = [error.problem.detail, error.problem.hint].filter(Boolean).join(" ");
      return { at: { [field]: text } as Partial<Record<Field, string>>, rest: null };
    }
  }
  return { at: {}, rest: error };
}
