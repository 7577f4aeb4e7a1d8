/** Figures against those of the period before, in words. All functions are pure. */
import type { Figures } from "@/api/schema";
import { describeSeconds } from "@/lib/time";

/** Whether more of it is good, bad, or neither. */
export type Wish = "more" | "less" | "none";
export type Verdict = "better" | "worse" | "same" | "none";

export interface Change {
  /** Such as "12 % more". */
  text: string;
  verdict: Verdict;
  direction: "up" | "down" | "level";
}

/** Less than this share is no change. */
const LEVEL = 0.005;

/** Says how a figure has changed; `null` where one of the two is missing. `inPoints`: both are shares from 0 to 1. */
export function compare(
  now: number | null | undefined,
  before: number | null | undefined,
  wish: Wish,
  inPoints = false,
): Change | null {
  if (typeof now !== "number" || typeof before !== "number") return null;
  const difference = now - before;
  const share = inPoints ? difference : before === 0 ? Number.NaN : difference / before;
  if (difference === 0 || Math.abs(share) < LEVEL) return { text: "as before", verdict: "same", direction: "level" };
  const direction = difference > 0 ? "up" : "down";
  const verdict = wish === "none" ? "none" : (wish === "more") === difference > 0 ? "better" : "worse";
  const word = difference > 0 ? "more" : "less";
  if (inPoints) return { text: `${Math.abs(share * 100).toFixed(1)} points ${word}`, verdict, direction };
  if (Number.isNaN(share)) return { text: "none before", verdict, direction };
  return { text: `${describeShare(Math.abs(share))} ${word}`, verdict, direction };
}

function describeShare(share: number): string {
  return share >= 10 ? `${Math.round(share)} times` : `${Math.round(share * 100)} %`;
}

/** Returns which share of the ends as completed or faulted was a fault; `null` where there were none. */
export function tellFailureRate({ completed, faulted, damaged }: Figures): number | null {
  const ended = completed + faulted + damaged;
  return ended === 0 ? null : (faulted + damaged) / ended;
}

/** Says a share as a percentage: "97.5 %"; a dash for none. */
export function describeRate(rate: number | null | undefined): string {
  if (rate === null || rate === undefined) return "–";
  const percent = rate * 100;
  const isWhole = Math.abs(percent - Math.round(percent)) < 0.05;
  return `${isWhole ? Math.round(percent) : percent.toFixed(1)} %`;
}

/** Says a length of time; a dash for none. */
export function describeLength(seconds: number | null | undefined): string {
  return seconds === null || seconds === undefined ? "–" : describeSeconds(seconds);
}
