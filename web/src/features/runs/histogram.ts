/** The bars over time above the list: which time they show, which of them are chosen, and what period that is. */
import type { Bucket } from "@/api/schema";
import { describeMoment } from "@/lib/time";
import { getPeriod, makePeriodFilters, type RunFilters, toMoment } from "./address";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** A longer time is shown by days. */
const LONGEST_BY_HOURS = 4 * DAY;
const SHOWN_OTHERWISE = 3 * DAY;
const MOST_DAYS = 180;

export interface Plot {
  since: Date;
  until: Date;
  bucket: "hour" | "day";
}

/** Returns the time that bars are shown of: the period that filters say with some time around it, or the last days. */
export function choosePlot(filters: RunFilters, now: Date): Plot {
  const { after, before } = getPeriod(filters);
  const end = before === undefined ? now : toMoment(before, now);
  const begin = after === undefined ? new Date(end.getTime() - SHOWN_OTHERWISE) : toMoment(after, now);
  const length = Math.max(0, end.getTime() - begin.getTime());
  const around = after === undefined && before === undefined ? 0 : Math.max(12 * HOUR, Math.min(length / 2, 30 * DAY));
  const until = new Date(Math.min(end.getTime() + around, Math.max(now.getTime(), end.getTime())));
  const since = new Date(Math.max(begin.getTime() - around, until.getTime() - MOST_DAYS * DAY));
  return { since, until, bucket: until.getTime() - since.getTime() <= LONGEST_BY_HOURS ? "hour" : "day" };
}

/** Returns the period that the bars from one to another are, whichever of the two is first, as filters. */
export function chooseBars(buckets: readonly Bucket[], seconds: number, one: number, other: number): RunFilters {
  const first = buckets[Math.min(one, other)];
  const last = buckets[Math.max(one, other)];
  if (!first || !last) return {};
  const before = new Date(Date.parse(last.begins_at) + seconds * 1000).toISOString();
  return makePeriodFilters({ kind: "ended", after: new Date(first.begins_at).toISOString(), before });
}

/** Tells whether a bar lies in the period that filters say, be it in part; all do where there is none. */
export function isInPeriod(bucket: Bucket, seconds: number, filters: RunFilters, now: Date): boolean {
  const { after, before } = getPeriod(filters);
  const begin = Date.parse(bucket.begins_at);
  if (after !== undefined && begin + seconds * 1000 <= toMoment(after, now).getTime()) return false;
  return before === undefined || begin < toMoment(before, now).getTime();
}

export interface Stack {
  completed: number;
  failed: number;
  cancelled: number;
}

/** Returns how many runs ended how in a bucket. */
export function toStack({ figures }: Bucket): Stack {
  return {
    completed: figures.completed,
    failed: figures.faulted + figures.damaged,
    cancelled: figures.cancelled,
  };
}

export function countAll({ completed, failed, cancelled }: Stack): number {
  return completed + failed + cancelled;
}

/** Says a bar in words. */
export function describeBar(bucket: Bucket): string {
  const stack = toStack(bucket);
  const counts = [
    [stack.completed, "completed"],
    [stack.failed, "faulted or damaged"],
    [stack.cancelled, "cancelled"],
  ].filter(([count]) => count !== 0);
  const text = counts.length === 0 ? "none ended" : counts.map(([count, word]) => `${count} ${word}`).join(", ");
  return `${describeMoment(new Date(bucket.begins_at))}: ${text}`;
}
