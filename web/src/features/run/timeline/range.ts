/** Which part of a timeline is seen: from one place of its scale to another. */

export interface Range {
  from: number;
  to: number;
}

export const ALL: Range = { from: 0, to: 1 };
const SHORTEST = 0.0002;

/** Makes a part larger or smaller around a place of it (0 to 1 within the part); a factor above 1 shows more detail. */
export function zoomRange({ from, to }: Range, factor: number, around = 0.5): Range {
  const length = Math.min(1, Math.max(SHORTEST, (to - from) / factor));
  const middle = from + (to - from) * around;
  return keep(middle - length * around, length);
}

/** Moves a part by a share of its length. */
export function moveRange({ from, to }: Range, by: number): Range {
  return keep(from + (to - from) * by, to - from);
}

/** Returns the part between two places, in whichever order. */
export function makeRange(one: number, other: number): Range {
  const from = Math.max(0, Math.min(one, other));
  const to = Math.min(1, Math.max(one, other));
  return to - from < SHORTEST ? keep(from, SHORTEST) : { from, to };
}

/** Returns the part that shows a stretch with some room around it: the same one where it does already. */
export function showRange(range: Range, from: number, to: number): Range {
  if (from >= range.from && to <= range.to) return range;
  const length = Math.max(range.to - range.from, (to - from) * 1.2);
  return keep((from + to) / 2 - length / 2, length);
}

function keep(from: number, length: number): Range {
  const whole = Math.min(1, length);
  const begin = Math.min(Math.max(0, from), 1 - whole);
  return { from: begin, to: begin + whole };
}

export function isAll({ from, to }: Range): boolean {
  return from <= 0 && to >= 1;
}
