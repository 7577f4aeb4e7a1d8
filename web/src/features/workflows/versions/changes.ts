/** What a structural comparison says, as it is shown. */
import type { Change } from "@/api/schema";

export type Sign = "added" | "removed" | "moved" | "changed";

/** Returns how a change is to be taken. */
export function signOf(change: Change): Sign {
  if (change.kind === "task_added") return "added";
  if (change.kind === "task_removed") return "removed";
  if (change.kind === "task_moved" || change.kind === "order_changed" || change.kind === "task_renamed") return "moved";
  return "changed";
}

/** Says a value of a field in one line; what is absent is told as such. */
export function describeValue(value: unknown): string {
  if (value === undefined) return "absent";
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** Returns which versions are compared where the address does not say: the newest with the one before it. */
export function chooseCompared(
  versions: string[],
  hasDraft: boolean,
  asked: { old?: string; new?: string },
): { old: string; new: string } | null {
  const all = hasDraft ? ["draft", ...versions] : versions;
  const known = (value: string | undefined) => (value !== undefined && all.includes(value) ? value : undefined);
  const after = known(asked.new) ?? all.find((each) => each !== asked.old);
  if (after === undefined) return null;
  const before = known(asked.old) ?? all[all.indexOf(after) + 1] ?? all.find((each) => each !== after);
  return before === undefined || before === after ? null : { old: before, new: after };
}
