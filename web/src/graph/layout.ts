/**
 * Where everything of a tree is drawn: our own block layout, the same for the same tree, whatever the machine.
 *
 * The story. Tasks of a list stand below one another on an axis; what a block holds stands within its box, branches
 * side by side. So the only lines that need a way of their own are the jumps of `then`: they run in lanes beside their
 * list, forwards at its right and backwards at its left, and never cross a box. First every block is measured from the
 * inside out, with places relative to what is around it; then all is placed from the outside in.
 */
import { type Exit, listExits, type Stop } from "./exits";
import { canFold, type Folds, listSpans } from "./folding";
import { assignLanes, type Jump } from "./lanes";
import type { Block, BlockList } from "./tree";

export const LEAF_WIDTH = 208;
export const HEADING = 48;
export const CASE_HEIGHT = 22;
const SPAN_HEADING = 26;
const GAP = 30;
const SIDE_GAP = 22;
const PADDING = 14;
const LANE = 16;
const STUB = 32;
/** A shift of an axis that is too small for a bend. */
const SLIGHT = 24;
const TITLE = 20;
const END_ROOM = 18;
const MARGIN = 24;

/** A box of the drawing: a block, folded or with what it holds inside, or a span of a long list. */
export interface Box {
  id: string;
  /** The block; of a span, its first one. */
  block: Block;
  /** All blocks that a span stands for; empty for a block. */
  span: Block[];
  x: number;
  y: number;
  width: number;
  height: number;
  isOpen: boolean;
  canFold: boolean;
  /** How many boxes stand around it. */
  depth: number;
}

/** The frame around a list that has a title, as `catch`. */
export interface Frame {
  id: string;
  title: string;
  x: number;
  y: number;
  width: number;
  height: number;
}

export type RouteKind = "next" | "jump" | "stop" | "catch" | "loop";

/** A line of the flow, with right angles. */
export interface Route {
  id: string;
  kind: RouteKind;
  /** The ids of the blocks between which it leads; a list's id where it begins or ends with the list. */
  from: string;
  to: string;
  /** The case of a `switch` that it belongs to. */
  label: string;
  points: [number, number][];
  hasArrow: boolean;
}

export interface Layout {
  width: number;
  height: number;
  /** In the order of the flow; what is around others comes before them. */
  boxes: Box[];
  frames: Frame[];
  routes: Route[];
  /** Where the workflow begins and ends. */
  start: [number, number];
  end: [number, number];
}

/** Lays a tree out. */
export function layOut(tree: Block, folds: Folds): Layout {
  const layout: Layout = { width: 0, height: 0, boxes: [], frames: [], routes: [], start: [0, 0], end: [0, 0] };
  const list = tree.lists[0];
  if (!list) return layout;
  const measured = measureList(list, folds);
  const x = MARGIN;
  const y = MARGIN + GAP;
  placeList(layout, measured, x, y, 0);
  const axis = x + measured.axis;
  const bottom = y + measured.height;
  layout.start = [axis, MARGIN];
  layout.end = [axis, bottom + GAP - 8];
  const hasTasks = measured.items.length > 0;
  addRoute(layout, "next", list.id, measured.items[0]?.id ?? `${list.id}$`, "", [layout.start, [axis, y]], hasTasks);
  if (measured.leaves) addRoute(layout, "next", `${list.id}$`, "", "", [[axis, bottom], layout.end], true);
  layout.width = measured.width + 2 * MARGIN;
  layout.height = bottom + GAP + MARGIN;
  return layout;
}

// -- measuring --------------------------------------------------------------------------------------------------------

interface Item {
  id: string;
  block: Block;
  span: Block[];
  isOpen: boolean;
  canFold: boolean;
  width: number;
  height: number;
  /** Its top below that of its list. */
  top: number;
  lists: MeasuredList[];
  exits: Exit[];
  /** Whether the flow goes on straight to the item below. */
  fallsThrough: boolean;
}

interface MeasuredList {
  list: BlockList;
  items: Item[];
  width: number;
  height: number;
  /** Where the middle of its items is, from its left. */
  axis: number;
  /** Its left side from that of the block, and its top. */
  left: number;
  top: number;
  jumps: Jump[];
  hasFrame: boolean;
  /** Whether the flow can come to its end. */
  leaves: boolean;
}

function measureList(list: BlockList, folds: Folds): MeasuredList {
  const items = listItems(list, folds);
  const itemOf = new Map<string, number>();
  items.forEach((item, index) => {
    if (item.span.length === 0) itemOf.set(item.block.id, index);
    else if (!item.isOpen) for (const block of item.span) itemOf.set(block.id, index);
  });
  const { jumps, straight } = findJumps(list, items, itemOf);
  const lanes = assignLanes(jumps);
  let top = list.title ? TITLE + PADDING : 0;
  let inner = 0;
  items.forEach((item, index) => {
    item.fallsThrough = straight.has(index);
    item.top = top;
    top += item.height + (index < items.length - 1 ? GAP : 0);
    inner = Math.max(inner, item.width);
  });
  const hasStops = items.some((item) => item.exits.some((exit) => exit.stop === "end"));
  const leavesEarly = jumps.some((jump) => jump.to === items.length);
  const isLoop = list.role === "each";
  const left = (lanes.left + (isLoop ? 1 : 0)) * LANE + (list.title ? PADDING : 0);
  const right = Math.max(lanes.right * LANE, hasStops ? STUB : 0) + (list.title ? PADDING : 0);
  return {
    list,
    items,
    jumps,
    width: left + Math.max(inner, list.title ? LEAF_WIDTH / 2 : 0) + right,
    height: top + (leavesEarly ? END_ROOM : 0) + (list.title ? PADDING : 0),
    axis: left + inner / 2,
    left: 0,
    top: 0,
    hasFrame: list.title !== "",
    leaves: items.length === 0 || straight.has(items.length - 1) || leavesEarly,
  };
}

function listItems(list: BlockList, folds: Folds): Item[] {
  const spans = listSpans(list);
  if (spans.length === 0) return list.blocks.map((block) => measureBlock(block, folds));
  return spans.flatMap((span) => {
    const blocks = list.blocks.slice(span.from, span.to);
    const isOpen = !folds.has(span.id);
    const head = measureSpan(span.id, blocks, isOpen);
    return isOpen ? [head, ...blocks.map((block) => measureBlock(block, folds))] : [head];
  });
}

function measureSpan(id: string, span: Block[], isOpen: boolean): Item {
  const height = isOpen ? SPAN_HEADING : HEADING;
  const block = span[0] as Block;
  return {
    id,
    block,
    span,
    isOpen,
    canFold: true,
    width: LEAF_WIDTH,
    height,
    top: 0,
    lists: [],
    exits: isOpen ? [{ target: block.id, stop: "", label: "" }] : [],
    fallsThrough: false,
  };
}

function measureBlock(block: Block, folds: Folds): Item {
  const foldable = canFold(block);
  const isOpen = foldable && !folds.has(block.id);
  const item: Item = {
    id: block.id,
    block,
    span: [],
    isOpen,
    canFold: foldable || block.canLoad,
    width: LEAF_WIDTH,
    height: HEADING + (block.kind === "switch" ? block.cases.length * CASE_HEIGHT + (block.cases.length ? 6 : 0) : 0),
    top: 0,
    lists: [],
    exits: [],
    fallsThrough: false,
  };
  if (!isOpen) return item;
  let left = PADDING;
  for (const list of block.lists) {
    const measured = measureList(list, folds);
    measured.left = left;
    measured.top = HEADING + GAP - 8;
    left += measured.width + SIDE_GAP;
    item.lists.push(measured);
  }
  const loopLane = block.kind === "for" ? LANE : 0;
  const inner = left - SIDE_GAP + PADDING + loopLane;
  item.width = Math.max(LEAF_WIDTH + 2 * PADDING, inner);
  const shift = (item.width - inner) / 2 + loopLane;
  for (const measured of item.lists) measured.left += shift;
  const deepest = Math.max(...item.lists.map((measured) => measured.height));
  item.height = HEADING + GAP - 8 + deepest + PADDING + 8;
  return item;
}

/** Finds out how the flow leads between the items of a list: straight down, or by jumps. */
function findJumps(list: BlockList, items: Item[], itemOf: ReadonlyMap<string, number>) {
  const straight = new Set<number>();
  const jumps: Jump[] = [];
  const exits = listExits(list);
  const indexOf = new Map(list.blocks.map((block, index) => [block.id, index]));
  items.forEach((item, index) => {
    if (item.span.length > 0 && item.isOpen) {
      straight.add(index);
      return;
    }
    const blocks = item.span.length > 0 ? item.span : [item.block];
    item.exits = blocks.flatMap((block) => exits[indexOf.get(block.id) ?? 0] ?? []);
    item.exits.forEach((exit, port) => {
      if (exit.stop === "end") return;
      const to = exit.target === "" ? items.length : headOf(items, itemOf.get(exit.target) ?? items.length);
      if (item.span.length > 0 && to === index) return;
      if (to === index + 1) straight.add(index);
      else jumps.push({ from: index, port, to, label: exit.label, lane: 0, side: to > index ? "right" : "left" });
    });
    if (item.span.length > 0) item.exits = item.exits.filter((exit) => exit.stop !== "end");
  });
  return { straight, jumps };
}

/** What leads to the first block of an open span leads to the span's heading, which stands above it. */
function headOf(items: Item[], index: number): number {
  const above = items[index - 1];
  return above && above.span.length > 0 && above.isOpen ? index - 1 : index;
}

// -- placing ----------------------------------------------------------------------------------------------------------

function placeList(layout: Layout, measured: MeasuredList, x: number, y: number, depth: number): void {
  const { list, items, jumps } = measured;
  if (measured.hasFrame) {
    layout.frames.push({ id: list.id, title: list.title, x, y, width: measured.width, height: measured.height });
  }
  const axis = x + measured.axis;
  const boxes = items.map((item) => placeItem(layout, item, axis - item.width / 2, y + item.top, depth));
  items.forEach((item, index) => {
    const box = boxes[index] as Box;
    const below = boxes[index + 1];
    const bottom = box.y + box.height;
    if (item.fallsThrough && below) {
      addRoute(
        layout,
        "next",
        item.id,
        below.id,
        "",
        [
          [axis, bottom],
          [axis, below.y],
        ],
        true,
      );
    }
    item.exits.forEach((exit, port) => {
      if (exit.stop !== "end") return;
      const at = portOf(box, item, port);
      const side = box.x + box.width;
      addRoute(
        layout,
        "stop",
        item.id,
        "!",
        exit.label,
        [
          [side, at],
          [side + STUB - 8, at],
        ],
        true,
      );
    });
  });
  const end = y + measured.height - (measured.hasFrame ? PADDING : 0);
  const last = boxes.at(-1);
  const rightmost = Math.max(...boxes.map((box) => box.x + box.width));
  const leftmost = Math.min(...boxes.map((box) => box.x));
  for (const jump of jumps) {
    const box = boxes[jump.from] as Box;
    const item = items[jump.from] as Item;
    const at = portOf(box, item, jump.port);
    const target = boxes[jump.to];
    const isRight = jump.side === "right";
    const side = isRight ? box.x + box.width : box.x;
    const lane = isRight ? rightmost + (jump.lane + 1) * LANE - 4 : leftmost - (jump.lane + 1) * LANE + 4;
    const points: [number, number][] = [
      [side, at],
      [lane, at],
    ];
    if (target) {
      const arrival = target.y + 12;
      points.push([lane, arrival], [isRight ? target.x + target.width : target.x, arrival]);
    } else {
      points.push([lane, end - END_ROOM / 2], [axis, end - END_ROOM / 2]);
    }
    addRoute(layout, "jump", item.id, target?.id ?? `${list.id}$`, jump.label, points, target !== undefined);
  }
  if (!last || end <= last.y + last.height) return;
  const merge = end - END_ROOM / 2;
  const from: [number, number] = [axis, last.y + last.height];
  if (items.at(-1)?.fallsThrough) addRoute(layout, "next", last.id, `${list.id}$`, "", [from, [axis, merge]], false);
  if (measured.leaves)
    addRoute(
      layout,
      "next",
      `${list.id}$`,
      "",
      "",
      [
        [axis, merge],
        [axis, end],
      ],
      false,
    );
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

function addRoute(
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

export type { Exit, Stop };
