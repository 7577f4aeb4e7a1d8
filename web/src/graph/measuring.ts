/** How much room each list and block takes, from the inside out; places are relative to what is around. */
import { type Exit, listExits } from "./exits";
import { canFold, type Folds, listSpans } from "./folding";
import { assignLanes, type Jump } from "./lanes";
import {
  CASE_HEIGHT,
  END_ROOM,
  GAP,
  HEADING,
  LANE,
  LEAF_WIDTH,
  PADDING,
  SIDE_GAP,
  SPAN_HEADING,
  STUB,
  TITLE,
} from "./sizes";
import type { Block, BlockList } from "./tree";

/** A block of a list, or a span of a long one, and how much room it takes. */
export interface Item {
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

/** A list of tasks, and how much room it takes. */
export interface MeasuredList {
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

/** Measures a list with all that its tasks hold. */
export function measureList(list: BlockList, folds: Folds): MeasuredList {
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
