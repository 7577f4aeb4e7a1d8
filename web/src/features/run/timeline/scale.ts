/**
 * The scale of a timeline: where on the way from 0 to 1 a moment stands.
 *
 * Long stretches in which nothing works can be made short: a wait of three days would leave no room for what happened
 * before and after it. Within each stretch the scale is even, so lengths can be compared where nothing was shortened.
 */
import type { Segment } from "./segments";

/** A stretch of time in which nothing worked, drawn shorter than it was. */
export interface Gap {
  from: number;
  to: number;
  /** Where it is drawn, from 0 to 1. */
  start: number;
  end: number;
}

interface Piece {
  from: number;
  to: number;
  start: number;
  end: number;
}

export interface Scale {
  begin: number;
  end: number;
  gaps: Gap[];
  pieces: Piece[];
}

/** A stretch is shortened if it is longer, and takes up more of what is left. */
const SHORTEST_GAP = 1_000;
const LARGE_SHARE = 0.15;
const GAP_SHARE = 0.06;

/** Returns the stretches of time in which something worked, merged, in their order. */
export function findBusy(segments: Iterable<Segment>, now: number): [number, number][] {
  const busy: [number, number][] = [];
  for (const { kind, from, to } of segments) if (kind === "work" || kind === "child") busy.push([from, to ?? now]);
  busy.sort((one, other) => one[0] - other[0]);
  const merged: [number, number][] = [];
  for (const [from, to] of busy) {
    const last = merged.at(-1);
    if (last && from <= last[1]) last[1] = Math.max(last[1], to);
    else merged.push([from, to]);
  }
  return merged;
}

/** Makes the scale from `begin` to `end`; without shortening where nothing is given as busy. */
export function makeScale(begin: number, end: number, busy: [number, number][] | null): Scale {
  const last = Math.max(end, begin + 1);
  const long = busy === null ? [] : findLong(findIdle(busy, begin, last), last - begin);
  const left = long.reduce((sum, [from, to]) => sum - (to - from), last - begin);
  const gapLength = left > 0 ? (left * GAP_SHARE) / (1 - GAP_SHARE) : 1;
  const total = left + long.length * gapLength;
  const pieces: Piece[] = [];
  const gaps: Gap[] = [];
  let at = begin;
  let start = 0;
  const add = (to: number, length: number, isGap: boolean) => {
    const piece = { from: at, to, start, end: start + length / total };
    pieces.push(piece);
    if (isGap) gaps.push(piece);
    at = to;
    start = piece.end;
  };
  for (const [from, to] of long) {
    if (from > at) add(from, from - at, false);
    add(to, gapLength, true);
  }
  if (last > at) add(last, last - at, false);
  return { begin, end: last, gaps, pieces };
}

function findIdle(busy: [number, number][], begin: number, end: number): [number, number][] {
  const idle: [number, number][] = [];
  let at = begin;
  for (const [from, to] of busy) {
    if (from > at) idle.push([at, Math.min(from, end)]);
    at = Math.max(at, to);
  }
  if (at < end) idle.push([at, end]);
  return idle;
}

/** Returns those stretches that leave too little room for the rest, in their order. */
function findLong(idle: [number, number][], total: number): [number, number][] {
  const longestFirst = [...idle].sort((one, other) => other[1] - other[0] - (one[1] - one[0]));
  const long: [number, number][] = [];
  let left = total;
  for (const gap of longestFirst) {
    const length = gap[1] - gap[0];
    if (length < SHORTEST_GAP || length < left * LARGE_SHARE) break;
    left -= length;
    long.push(gap);
  }
  return long.sort((one, other) => one[0] - other[0]);
}

/** Returns where a moment stands, from 0 to 1. */
export function placeOf(scale: Scale, moment: number): number {
  if (moment <= scale.begin) return 0;
  const piece = search(scale.pieces, (each) => moment <= each.to);
  if (!piece) return 1;
  return piece.start + ((moment - piece.from) / (piece.to - piece.from)) * (piece.end - piece.start);
}

/** Returns the moment that stands at a place. */
export function momentAt(scale: Scale, place: number): number {
  const piece = search(scale.pieces, (each) => place <= each.end) ?? scale.pieces.at(-1);
  if (!piece) return scale.begin;
  const share = (Math.min(1, Math.max(0, place)) - piece.start) / (piece.end - piece.start || 1);
  return piece.from + share * (piece.to - piece.from);
}

/** Returns the first piece for which something holds that holds for all after it. */
function search(pieces: Piece[], holds: (piece: Piece) => boolean): Piece | undefined {
  let low = 0;
  let high = pieces.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const piece = pieces[middle];
    if (piece && holds(piece)) high = middle;
    else low = middle + 1;
  }
  return pieces[low];
}

export interface Tick {
  place: number;
  /** Milliseconds from the beginning. */
  elapsed: number;
}

const STEPS = [
  1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000, 600_000,
  900_000, 1_800_000, 3_600_000, 7_200_000, 14_400_000, 28_800_000, 43_200_000, 86_400_000, 172_800_000, 604_800_000,
];

/** Returns where marks stand in the part of a scale that is seen, so that no two are nearer than a share of it. */
export function makeTicks(scale: Scale, from: number, to: number, nearest: number): Tick[] {
  const ticks: Tick[] = [];
  const room = (to - from) * nearest * 0.8;
  // In the middle of a gap stands how long it is.
  const middles = scale.gaps.map((gap) => (gap.start + gap.end) / 2);
  let last = Number.NEGATIVE_INFINITY;
  for (const piece of scale.pieces) {
    if (scale.gaps.some((gap) => gap.from === piece.from) || piece.end < from || piece.start > to) continue;
    const length = ((piece.to - piece.from) / (piece.end - piece.start)) * (to - from) * nearest;
    const step = STEPS.find((each) => each >= length) ?? Math.ceil(length / 604_800_000) * 604_800_000;
    const first = Math.max(piece.from, momentAt(scale, Math.max(from, piece.start)));
    const end = Math.min(piece.to, momentAt(scale, Math.min(to, piece.end)));
    for (let at = Math.ceil((first - scale.begin) / step) * step; at <= end - scale.begin + 0.001; at += step) {
      const place = placeOf(scale, scale.begin + at);
      if (place - last < room || middles.some((middle) => Math.abs(middle - place) < room * 0.8)) continue;
      ticks.push({ place, elapsed: at });
      last = place;
    }
  }
  return ticks;
}
