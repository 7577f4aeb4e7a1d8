/** Commands for many runs: what each does, and which runs would refuse it as they stand. */
import type { BulkAsked, BulkView, ReasonCount, RunView } from "@/api/schema";
import type { RunStatus } from "@/lib/states";

export type BulkAction = BulkAsked["action"];

export interface ActionWords {
  label: string;
  permission: "run.control" | "run.repair";
  /** What will happen. */
  effect: string;
  /** Whether something is lost by it. */
  isGrave: boolean;
  /** Which runs it fits. */
  fits: readonly RunStatus[];
}

export const ACTIONS: Record<BulkAction, ActionWords> = {
  retry: {
    label: "Retry",
    permission: "run.repair",
    effect: "The task at which each run faulted is tried again with the same input, and the run goes on from there.",
    isGrave: false,
    fits: ["faulted"],
  },
  skip: {
    label: "Skip",
    permission: "run.repair",
    effect: "The task at which each run faulted counts as done without being done, and the run goes on after it.",
    isGrave: true,
    fits: ["faulted"],
  },
  suspend: {
    label: "Suspend",
    permission: "run.control",
    effect: "What is under way in each run ends, and nothing new begins until the run is resumed.",
    isGrave: false,
    fits: ["running", "waiting"],
  },
  resume: {
    label: "Resume",
    permission: "run.control",
    effect: "Each suspended run goes on where it was.",
    isGrave: false,
    fits: ["suspended"],
  },
  cancel: {
    label: "Cancel",
    permission: "run.control",
    effect: "The processes of each run and the child runs that it waits for are ended. A cancelled run cannot go on.",
    isGrave: true,
    fits: ["running", "waiting", "suspended"],
  },
};

export const BULK_ACTIONS = Object.keys(ACTIONS) as BulkAction[];

/** Returns why runs would refuse, with how many, the most frequent first; the server decides when it is asked. */
export function foresee(
  action: BulkAction,
  runs: readonly RunView[],
  may: (permission: string, namespace: string) => boolean,
): ReasonCount[] {
  const { permission, fits } = ACTIONS[action];
  const reasons = runs.flatMap((run) => {
    if (!may(permission, run.namespace)) return `You may not do this in the namespace ${run.namespace}.`;
    return fits.includes(run.status) ? [] : `A run that is ${run.status} cannot be given this command.`;
  });
  return countReasons(reasons);
}

/** Counts equal reasons, the most frequent first. */
export function countReasons(reasons: readonly string[]): ReasonCount[] {
  const counts = new Map<string, number>();
  for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  return [...counts]
    .map(([reason, count]) => ({ reason, count }))
    .sort((one, other) => other.count - one.count || one.reason.localeCompare(other.reason));
}

export function countRuns(count: number): string {
  return count === 1 ? "1 run" : `${count.toLocaleString("en")} runs`;
}

/** Says how an operation stands: "12 of 40 runs have obeyed, 3 have refused, 25 are left." */
export function describeProgress({ state, matched, done, refused, left }: BulkView): string {
  const parts = [`${done.toLocaleString("en")} of ${countRuns(matched)} obeyed`];
  if (refused > 0) parts.push(`${refused.toLocaleString("en")} refused`);
  if (left > 0) parts.push(`${left.toLocaleString("en")} ${state === "running" ? "to go" : "left alone"}`);
  return `${parts.join(", ")}.`;
}

/** Does `work` for each of some things, a few at a time and in their order, until it is told to stop. */
export async function doEach<T>(
  things: readonly T[],
  atOnce: number,
  work: (thing: T) => Promise<void>,
  signal?: AbortSignal,
) {
  let next = 0;
  const takeTurns = async () => {
    while (next < things.length && !signal?.aborted) {
      const thing = things[next++] as T;
      await work(thing);
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, things.length) }, takeTurns));
}
