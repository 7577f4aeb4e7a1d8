/** What is said of a row of a timeline and of its parts. */
import { describeMoment, describeSeconds } from "@/lib/time";
import type { Row } from "./rows";
import { nameWait, type Segment } from "./segments";

export function lengthOf({ from, to }: Pick<Segment, "from" | "to">, now: number): number {
  return Math.max(0, ((to ?? now) - from) / 1000);
}

/** Says what a stretch of time was: "waited 3 s for a free slot". */
export function describeSegment(segment: Segment, now: number): string {
  const length = describeSeconds(lengthOf(segment, now));
  const isGoing = segment.to === null;
  switch (segment.kind) {
    case "wait":
      return `${isGoing ? "has waited" : "waited"} ${length} for ${nameWait(segment.code)}`;
    case "child":
      return `${isGoing ? "has waited" : "waited"} ${length} for its child run`;
    case "work":
      return `${isGoing ? "has worked" : "worked"} ${length}`;
    case "frame":
      return `${isGoing ? "under way for" : "took"} ${length}`;
  }
}

/** Says how long a row waited for what and how long it worked, each in all: "worked 2 s, waited 3 s for a time". */
export function sumUp(row: Row, now: number): string[] {
  const sums = new Map<string, { segment: Segment; seconds: number; count: number }>();
  for (const segment of row.segments) {
    if (segment.kind === "frame") continue;
    const key = `${segment.kind} ${segment.code}`;
    const sum = sums.get(key) ?? { segment, seconds: 0, count: 0 };
    sum.seconds += lengthOf(segment, now);
    sum.count += 1;
    sums.set(key, sum);
  }
  return [...sums.values()].map(({ segment, seconds, count }) => {
    const what = segment.kind === "work" ? "worked" : `waited for ${nameWait(segment.code)}`;
    return `${what} ${describeSeconds(seconds)}${count > 1 ? ` (${count} times)` : ""}`;
  });
}

/** Says all of a row in one sentence. */
export function describeRow(row: Row, begin: number, now: number): string {
  const words = [
    row.label,
    row.kind === "task" ? row.task.kind : "",
    row.status,
    row.began - begin < 1 ? "began with the run" : `began ${describeSeconds((row.began - begin) / 1000)} after the run`,
    `${row.ended === null ? "under way for" : "took"} ${describeSeconds(lengthOf({ from: row.began, to: row.ended }, now))}`,
    ...sumUp(row, now),
  ];
  const attempts = row.task.attempts?.length ?? 0;
  if (row.kind === "task" && attempts > 1) words.push(`${attempts} attempts`);
  if (row.isCritical) words.push("on the critical path");
  if (row.kind === "task" && row.task.error) words.push(row.task.error.title || row.task.error.type);
  return words.filter(Boolean).join(", ");
}

export function describeStart(moment: number): string {
  return describeMoment(new Date(moment), { millis: true });
}
