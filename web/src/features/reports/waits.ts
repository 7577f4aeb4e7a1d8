/** Where time is waited, and for what. All functions are pure. */
import type { TaskFigures } from "@/api/schema";

const WORDS: Record<string, string> = {
  waiting_for_time: "for a time that the workflow names",
  waiting_for_retry: "before a retry",
  waiting_for_child: "for a child run",
  waiting_for_slot: "for a free slot: as many calls or processes are under way as the settings allow",
  waiting_for_event: "for an event",
  waiting_for_person: "for a person",
};

/** Says what was waited for. */
export function describeWait(code: string): string {
  return WORDS[code] ?? code.replace(/^waiting_/, "").replaceAll("_", " ");
}

export interface WaitShare {
  code: string;
  seconds: number;
  /** The tasks that waited so, the longest first. */
  tasks: { place: string; name: string; seconds: number }[];
}

/** Returns what was waited for in all, the longest first. */
export function addWaits(tasks: TaskFigures[]): WaitShare[] {
  const shares = new Map<string, WaitShare>();
  for (const { place, name, waited_seconds } of tasks) {
    for (const [code, seconds] of Object.entries(waited_seconds)) {
      if (seconds <= 0) continue;
      const share = shares.get(code) ?? { code, seconds: 0, tasks: [] };
      share.seconds += seconds;
      share.tasks.push({ place, name, seconds });
      shares.set(code, share);
    }
  }
  const sorted = [...shares.values()].sort((one, other) => other.seconds - one.seconds);
  for (const share of sorted) share.tasks.sort((one, other) => other.seconds - one.seconds);
  return sorted;
}

/** Returns how long a task waited in all. */
export function sumWaits({ waited_seconds }: Pick<TaskFigures, "waited_seconds">): number {
  return Object.values(waited_seconds).reduce((sum, seconds) => sum + seconds, 0);
}
