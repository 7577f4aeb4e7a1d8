/** How workflows have fared: the figures of each, and when it last faulted. */
import type { Figures, RunView, SubjectFigures } from "@/api/schema";

export interface Health {
  figures: Figures;
  /** The run that faulted last, where it is among those that were looked at. */
  lastFaulted?: RunView;
}

export function keyOf({ namespace, name }: { namespace: string; name: string | null }): string {
  return `${namespace}/${name ?? ""}`;
}

/** Puts figures and faulted runs, the one that ended last first, together by workflow. */
export function joinHealth(subjects: SubjectFigures[], faulted: RunView[]): Map<string, Health> {
  const byKey = new Map<string, Health>(subjects.map((subject) => [keyOf(subject), { figures: subject.figures }]));
  for (const run of faulted) {
    const health = byKey.get(keyOf(run));
    if (health && !health.lastFaulted) health.lastFaulted = run;
  }
  return byKey;
}

/** Which part of a bar stands for what; the parts together are 1 where anything ended. */
export interface Share {
  kind: "completed" | "faulted" | "cancelled";
  count: number;
  share: number;
}

/** Returns the parts of a bar: those that completed, went wrong and were cancelled; empty where nothing ended. */
export function shareOut(figures: Figures): Share[] {
  const counts: [Share["kind"], number][] = [
    ["completed", figures.completed],
    ["faulted", figures.faulted + figures.damaged],
    ["cancelled", figures.cancelled],
  ];
  const all = counts.reduce((sum, [, count]) => sum + count, 0);
  return counts.filter(([, count]) => count > 0).map(([kind, count]) => ({ kind, count, share: count / all }));
}
