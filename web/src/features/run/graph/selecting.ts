/** Where in the drawing of a run the page's selection is, and which iterations must be shown for it. */
import type { RunTask } from "@/api/schema";
import { type Picks, placeOf } from "@/graph/story";
import type { Selection } from "../selection";

export interface Picked {
  /** The reference in the document. */
  place: string;
  /** The iterations in which it lies, by the places of their loops. */
  iterations: Map<string, number>;
}

/** Returns where the selected task stands in the document. */
export function findPicked(tasks: RunTask[], selection: Selection | null): Picked | null {
  if (!selection) return null;
  const { reference, entry } = selection;
  const task =
    (entry === undefined ? undefined : tasks.findLast((each) => each.entry === entry)) ??
    tasks.findLast((each) => each.reference === reference);
  if (!task) return { place: reference, iterations: new Map() };
  return { place: placeOf(task), iterations: findIterations(tasks, task) };
}

function findIterations(tasks: RunTask[], task: RunTask): Map<string, number> {
  const found = new Map<string, number>();
  let inner = task;
  while (inner.parent) {
    const around = tasks.find((each) => each.entry === inner.parent);
    if (!around) break;
    if (inner.iteration != null) found.set(placeOf(around), inner.iteration);
    inner = around;
  }
  return found;
}

/** Returns the iterations that are shown: where another one is than that of the selection, the selection's. */
export function followSelection(picks: Picks, picked: Picked | null): Picks {
  const differing = [...(picked?.iterations ?? [])].filter(([loop, iteration]) => {
    const shown = picks.get(loop);
    return shown !== undefined && shown !== iteration;
  });
  return differing.length === 0 ? picks : new Map([...picks, ...differing]);
}

const GOING = new Set(["running", "waiting", "held"]);

/** Returns where somebody wants to look first: at what went wrong, else at what is going on; `null` if all is done. */
export function findFocus(tasks: RunTask[]): string | null {
  const failed = tasks.findLast((task) => task.status === "faulted" || task.status === "lost");
  const found = failed ?? tasks.findLast((task) => GOING.has(task.status));
  return found ? placeOf(found) : null;
}
