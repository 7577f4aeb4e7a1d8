/** Where what was measured stands, from the outside in, and which way the lines between it take. */
import type { Box, Layout, RouteKind } from "./drawing";
import type { Jump } from "./lanes";
import type { Item, MeasuredList } from "./measuring";
import { CASE_HEIGHT, END_ROOM, HEADING, LANE, PADDING, SLIGHT, STUB, TITLE } from "./sizes";
import type { Block } from "./tree";

/** A list whose items have their places. */
interface PlacedList {
  measured: MeasuredList;
  boxes: Box[];
  /** The left side of its widest box, and the right one. */
  left: number;
  right: number;
  /** Where the middle of its items is. */
  axis: number;
  /** Where its last task may end at the lowest. */
  end: number;
}

/** Places a list with all that its tasks hold, and leads the flow between them. */
export function placeList(layout: Layout, measured: MeasuredList, x: number, y: number, depth: number): void {
  const { list, items, width, height, hasFrame } = measured;
  if (hasFrame) layout.frames.push({ id: list.id, title: list.title, x, y, width, height });
  const axis = x + measured.axis;
  const boxes = items.map((item) => placeItem(layout, item, axis - item.width / 2, y + item.top, depth));
  const left = Math.min(...boxes.map((box) => box.x));
  const right = Math.max(...boxes.map((box) => box.x + box.width));
  const placed = { measured, boxes, left, right, axis, end: y + height - (hasFrame ? PADDING : 0) };
  items.forEach((item, index) => {
    addNext(layout, placed, item, index);
    addStops(layout, item, boxes[index] as Box);
  });
  for (const jump of measured.jumps) addJump(layout, placed, jump);
  addEnd(layout, placed);
}

/** Leads from a task straight to the one below. */
function addNext(layout: Layout, { boxes, axis }: PlacedList, item: Item, index: number): void {
  const [box, below] = [boxes[index], boxes[index + 1]];
  if (!item.fallsThrough || !box || !below) return;
  const points: [number, number][] = [
    [axis, box.y + box.height],
    [axis, below.y],
  ];
  addRoute(layout, "next", item.id, below.id, "", points, true);
}

/** Leads from a task to the workflow's end, wherever the task says so. */
function addStops(layout: Layout, item: Item, box: Box): void {
  const side = box.x + box.width;
  item.exits.forEach((exit, port) => {
    if (exit.stop !== "end") return;
    const at = portOf(box, item, port);
    const points: [number, number][] = [
      [side, at],
      [side + STUB - 8, at],
    ];
    addRoute(layout, "stop", item.id, "!", exit.label, points, true);
  });
}

/** Leads from a task to another one of its list, or to the list's end, in a lane beside the list. */
function addJump(layout: Layout, placed: PlacedList, jump: Jump): void {
  const { measured, boxes, axis, end } = placed;
  const box = boxes[jump.from] as Box;
  const item = measured.items[jump.from] as Item;
  const target = boxes[jump.to];
  const at = portOf(box, item, jump.port);
  const isRight = jump.side === "right";
  const distance = (jump.lane + 1) * LANE - 4;
  const lane = isRight ? placed.right + distance : placed.left - distance;
  const points: [number, number][] = [
    [isRight ? box.x + box.width : box.x, at],
    [lane, at],
  ];
  if (target) {
    const arrival = target.y + 12;
    points.push([lane, arrival], [isRight ? target.x + target.width : target.x, arrival]);
  } else {
    points.push([lane, end - END_ROOM / 2], [axis, end - END_ROOM / 2]);
  }
  addRoute(layout, "jump", item.id, target?.id ?? `${measured.list.id}$`, jump.label, points, target !== undefined);
}

/** Leads from the last task to the list's end, where there is room for jumps to come to it. */
function addEnd(layout: Layout, { measured, boxes, axis, end }: PlacedList): void {
  const last = boxes.at(-1);
  if (!last || end <= last.y + last.height) return;
  const merge = end - END_ROOM / 2;
  const from: [number, number] = [axis, last.y + last.height];
  const to = `${measured.list.id}$`;
  if (measured.items.at(-1)?.fallsThrough) addRoute(layout, "next", last.id, to, "", [from, [axis, merge]], false);
  const points: [number, number][] = [
    [axis, merge],
    [axis, end],
  ];
  if (measured.leaves) addRoute(layout, "next", to, "", "", points, false);
}

/** Where on the side of a box an exit begins. */
function portOf(box: Box, item: Item, port: number): number {
  const block = item.block;
  if (item.span.length === 0 && block.kind === "switch" && port < block.cases.length) {
    return box.y + HEADING + port * CASE_HEIGHT + CASE_HEIGHT / 2;
  }
  return box.y + box.height - 12;
}

function placeItem(layout: Layout, item: Item, x: number, y: number, depth: number): Box {
  const { id, block, span, width, height, isOpen } = item;
  const box: Box = { id, block, span, x, y, width, height, isOpen, canFold: item.canFold, depth };
  layout.boxes.push(box);
  if (!isOpen || span.length > 0) return box;
  const middle = x + width / 2;
  const bottom = y + height;
  item.lists.forEach((measured, index) => {
    const left = x + measured.left;
    const top = y + measured.top;
    const axis = left + measured.axis;
    placeList(layout, measured, left, top, depth + 1);
    if (measured.list.role === "catch") addCatch(layout, item, index, x, top);
    else addEntry(layout, measured, axis, middle, y + HEADING, top);
    if (block.kind === "for") addLoop(layout, block, left - LANE / 2, axis, top, top + measured.height);
    if (measured.leaves) addLeave(layout, measured, axis, middle, top + measured.height, bottom);
  });
  return box;
}

/** Leads from the heading of a block to the first task of one of its lists. */
function addEntry(
  layout: Layout,
  { list, items, hasFrame }: MeasuredList,
  axis: number,
  middle: number,
  from: number,
  top: number,
) {
  const to = items[0]?.id ?? `${list.id}$`;
  const end = hasFrame ? top + TITLE + PADDING : top;
  const turn = from + 8;
  const points: [number, number][] =
    Math.abs(axis - middle) < SLIGHT
      ? [
          [axis, from],
          [axis, end],
        ]
      : [
          [middle, from],
          [middle, turn],
          [axis, turn],
          [axis, end],
        ];
  addRoute(layout, "next", list.id, to, "", points, items.length > 0);
}

/** Leads from the end of a list to the bottom of the block around it. */
function addLeave(layout: Layout, { list }: MeasuredList, axis: number, middle: number, from: number, bottom: number) {
  const turn = bottom - 8;
  const points: [number, number][] =
    Math.abs(axis - middle) < SLIGHT
      ? [
          [axis, from],
          [axis, bottom],
        ]
      : [
          [axis, from],
          [axis, turn],
          [middle, turn],
          [middle, bottom],
        ];
  addRoute(layout, "next", `${list.id}$`, "", "", points, false);
}

function addCatch(layout: Layout, item: Item, index: number, x: number, top: number): void {
  const before = item.lists[index - 1];
  const measured = item.lists[index];
  if (!before || !measured) return;
  const at = top + TITLE / 2 + 2;
  const points: [number, number][] = [
    [x + before.left + before.width, at],
    [x + measured.left, at],
  ];
  addRoute(layout, "catch", before.list.id, measured.list.id, "", points, true);
}

/** Leads from the end of a loop's list back to its beginning. */
function addLoop(layout: Layout, block: Block, lane: number, axis: number, top: number, bottom: number): void {
  const points: [number, number][] = [
    [axis, bottom + 4],
    [lane, bottom + 4],
    [lane, top - 6],
    [axis, top - 6],
  ];
  addRoute(layout, "loop", block.id, block.id, "", points, false);
}

/** Adds a line of the flow to the drawing. */
export function addRoute(
  layout: Layout,
  kind: RouteKind,
  from: string,
  to: string,
  label: string,
  points: [number, number][],
  hasArrow: boolean,
): void {
  layout.routes.push({ id: `${layout.routes.length}`, kind, from, to, label, points, hasArrow });
}
