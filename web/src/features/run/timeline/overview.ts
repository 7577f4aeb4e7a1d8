/** The whole of a timeline in a strip: what was going on in each of some hundred slices of it. */
import { placeOf, type Scale } from "./scale";
import type { Segment } from "./segments";

export type Slice = "none" | "wait" | "work" | "bad";

const RANKS: Slice[] = ["none", "wait", "work", "bad"];

/** Returns what was going on in each slice: the gravest of it. */
export function makeOverview(segments: Iterable<Segment>, scale: Scale, now: number, slices: number): Slice[] {
  const found = new Uint8Array(slices);
  for (const segment of segments) {
    if (segment.kind === "frame") continue;
    const rank = segment.isBad ? 3 : segment.kind === "wait" ? 1 : 2;
    const first = Math.min(slices - 1, Math.floor(placeOf(scale, segment.from) * slices));
    const last = Math.min(slices - 1, Math.floor(placeOf(scale, segment.to ?? now) * slices));
    for (let slice = first; slice <= last; slice += 1) if ((found[slice] ?? 0) < rank) found[slice] = rank;
  }
  return [...found].map((rank) => RANKS[rank] ?? "none");
}

/** Returns stretches of the same kind, from 0 to 1. */
export function mergeSlices(slices: Slice[]): { slice: Slice; from: number; to: number }[] {
  const merged: { slice: Slice; from: number; to: number }[] = [];
  slices.forEach((slice, index) => {
    const last = merged.at(-1);
    if (last?.slice === slice) last.to = (index + 1) / slices.length;
    else merged.push({ slice, from: index / slices.length, to: (index + 1) / slices.length });
  });
  return merged.filter(({ slice }) => slice !== "none");
}
