/** How a query about runs follows the live stream; what `meta` of its options may say. */
import type { RunChanges } from "./runChanges";

export interface Following extends Record<string, unknown> {
  /** Returns what was read as changes leave it; the same where they say nothing new. */
  takeChanges?: (data: unknown, changes: RunChanges) => unknown;
  /** Of one run: whether it is read anew as soon as may be, as what is looked at step by step. */
  isClose?: boolean;
}

declare module "@tanstack/react-query" {
  interface Register {
    queryMeta: Following;
  }
}

/** Lets a query's data take changes as they come. */
export function takingChanges<T>(take: (data: T, changes: RunChanges) => T): Following {
  return { takeChanges: take as Following["takeChanges"] };
}
