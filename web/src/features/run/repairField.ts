/** What the input of a task that is tried again must look like, as far as somebody has said it. */
import { type Field, findInputSchema, isObject, makeField } from "@/ui/values/fields";
import { judge } from "@/ui/values/judging";

export interface RepairField {
  field: Field;
  /**
   * `own`: the task checks its input by this, so that another one faults again. `workflow`: what the task had looks like
   * the workflow's own input, which is a help for writing another one; the task itself checks nothing.
   */
  of: "own" | "workflow";
}

/** Returns the field of the task that stands at `place` in a document and had `start`; `null` where nothing is known. */
export function findRepairField(document: unknown, place: string, start: unknown): RepairField | null {
  const own = findInputSchema(findPart(document, place));
  if (own !== undefined) return { field: makeField(own), of: "own" };
  const workflow = findInputSchema(document);
  if (workflow === undefined || !isObject(start) || Object.keys(start).length === 0) return null;
  const field = makeField(workflow);
  const known = new Set(field.fields.map(({ name }) => name));
  const isAlike = Object.keys(start).every((name) => known.has(name)) && judge(field, start).size === 0;
  return isAlike ? { field, of: "workflow" } : null;
}

/** Returns what a JSON pointer names; `undefined` where there is nothing. */
function findPart(document: unknown, pointer: string): unknown {
  let at = document;
  for (const part of pointer.split("/").slice(1)) {
    const key = part.replaceAll("~1", "/").replaceAll("~0", "~");
    if (Array.isArray(at)) at = at[Number(key)];
    else if (isObject(at)) at = at[key];
    else return undefined;
  }
  return at;
}
