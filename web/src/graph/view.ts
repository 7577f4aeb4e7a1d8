/** Which part of a drawing is looked at: moved, made larger and smaller, and led to what is of interest. */

/** A point of the drawing at `p` stands at `p * scale + offset` in the window. */
export interface View {
  x: number;
  y: number;
  scale: number;
}

export interface Size {
  width: number;
  height: number;
}

export interface Area extends Size {
  x: number;
  y: number;
}

export const SMALLEST = 0.01;
export const LARGEST = 2;
const READABLE = 0.55;
const ROOM = 12;

/** Shows all of a drawing. */
export function fitAll(drawing: Size, window: Size): View {
  const scale = clamp(
    Math.min((window.width - ROOM) / drawing.width, (window.height - ROOM) / drawing.height),
    SMALLEST,
    1,
  );
  return {
    scale,
    x: (window.width - drawing.width * scale) / 2,
    y: Math.max(ROOM / 2, (window.height - drawing.height * scale) / 2),
  };
}

/** Shows the beginning of a drawing, small enough for its width, but not too small to be read. */
export function fitAtFirst(drawing: Size, window: Size): View {
  const scale = clamp((window.width - ROOM) / drawing.width, READABLE, 1);
  const isLow = drawing.height * scale < window.height;
  return {
    scale,
    x: (window.width - drawing.width * scale) / 2,
    y: isLow ? Math.min(ROOM, (window.height - drawing.height * scale) / 2) : 0,
  };
}

/** Makes it larger by a factor around a point of the window. */
export function zoomAt(view: View, factor: number, x: number, y: number): View {
  const scale = clamp(view.scale * factor, SMALLEST, LARGEST);
  const ratio = scale / view.scale;
  return { scale, x: x - (x - view.x) * ratio, y: y - (y - view.y) * ratio };
}

/** Moves as far as part of the drawing stays in sight; the same view where it cannot move. */
export function move(view: View, dx: number, dy: number, drawing: Size, window: Size): View {
  const x = keepInSight(view.x, dx, drawing.width * view.scale, window.width);
  const y = keepInSight(view.y, dy, drawing.height * view.scale, window.height);
  return x === view.x && y === view.y ? view : { ...view, x, y };
}

/** A drawing that is smaller than the window stays whole in it; of a larger one, the window stays filled. */
function keepInSight(offset: number, by: number, drawn: number, window: number): number {
  const [low, high] = [Math.min(0, window - drawn) - ROOM * 2, Math.max(0, window - drawn) + ROOM * 2];
  const wanted = offset + by;
  if (wanted < low) return Math.min(offset, low);
  if (wanted > high) return Math.max(offset, high);
  return wanted;
}

/** Brings an area into sight: the same view where it is already; a large one by its beginning. */
export function show(view: View, area: Area, window: Size): View {
  const left = area.x * view.scale + view.x;
  const top = area.y * view.scale + view.y;
  const width = area.width * view.scale;
  const height = Math.min(area.height, 120) * view.scale;
  const isSeen =
    left >= 0 && top >= 0 && left + Math.min(width, window.width) <= window.width && top + height <= window.height;
  if (isSeen) return view;
  return {
    ...view,
    x: (window.width - Math.min(width, window.width - 2 * ROOM)) / 2 - area.x * view.scale,
    y: (window.height - height) / 2 - area.y * view.scale,
  };
}

/** Returns the area of the drawing that can be seen, with some room around it, in steps: it seldom changes. */
export function findSeen(view: View, window: Size): Area {
  const step = 400;
  const left = Math.floor((-view.x / view.scale - step / 2) / step) * step;
  const top = Math.floor((-view.y / view.scale - step / 2) / step) * step;
  const right = Math.ceil(((window.width - view.x) / view.scale + step / 2) / step) * step;
  const bottom = Math.ceil(((window.height - view.y) / view.scale + step / 2) / step) * step;
  return { x: left, y: top, width: right - left, height: bottom - top };
}

export function isSeen(area: Area, seen: Area): boolean {
  return (
    area.x < seen.x + seen.width &&
    area.x + area.width > seen.x &&
    area.y < seen.y + seen.height &&
    area.y + area.height > seen.y
  );
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}
