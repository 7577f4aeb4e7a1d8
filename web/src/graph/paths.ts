/** Lines of a drawing as paths of SVG. */
import type { Route } from "./drawing";

type Point = [number, number];

const CORNER = 6;
const ARROW = 5;

/** Returns the path of a line, its corners rounded. */
export function linePath({ points }: Pick<Route, "points">): string {
  const [start, ...rest] = points;
  if (!start) return "";
  let path = `M${say(start)}`;
  rest.forEach((point, index) => {
    const next = rest[index + 1];
    const before = points[index] as Point;
    if (!next) {
      path += `L${say(point)}`;
      return;
    }
    const radius = Math.min(CORNER, distance(before, point) / 2, distance(point, next) / 2);
    path += `L${say(towards(point, before, radius))}Q${say(point)} ${say(towards(point, next, radius))}`;
  });
  return path;
}

/** Returns the path of the arrow at the end of a line; empty where it has none. */
export function arrowPath({ points, hasArrow }: Pick<Route, "points" | "hasArrow">): string {
  const tip = points.at(-1);
  const before = points.at(-2);
  if (!hasArrow || !tip || !before) return "";
  const length = distance(before, tip) || 1;
  const along: Point = [(tip[0] - before[0]) / length, (tip[1] - before[1]) / length];
  const base: Point = [tip[0] - along[0] * ARROW * 1.6, tip[1] - along[1] * ARROW * 1.6];
  const one: Point = [base[0] - along[1] * ARROW, base[1] + along[0] * ARROW];
  const other: Point = [base[0] + along[1] * ARROW, base[1] - along[0] * ARROW];
  return `M${say(tip)}L${say(one)}L${say(other)}Z`;
}

function towards(from: Point, to: Point, length: number): Point {
  const whole = distance(from, to) || 1;
  return [from[0] + ((to[0] - from[0]) * length) / whole, from[1] + ((to[1] - from[1]) * length) / whole];
}

function distance(one: Point, other: Point): number {
  return Math.hypot(other[0] - one[0], other[1] - one[1]);
}

function say([x, y]: Point): string {
  return `${Math.round(x * 10) / 10} ${Math.round(y * 10) / 10}`;
}
