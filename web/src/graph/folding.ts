/**
 * Which parts of a tree are folded: drawn as one box that stands for all that is in it.
 *
 * Blocks that hold others fold. So do the stretches of a list that is too long to be drawn at once: its spans.
 */
import { type Block, type BlockList, findAround, walkTree } from "./tree";

/** The ids of the blocks and spans that are folded. */
export type Folds = ReadonlySet<string>;

/** A stretch of a long list. */
export interface Span {
  id: string;
  /** The index of its first block in the list. */
  from: number;
  /** The index after its last block. */
  to: number;
}

/** A list with more blocks is drawn in spans. */
const LONGEST_LIST = 60;
const MOST_SPANS = 50;
const SPAN_SIZES = [10, 20, 50, 100, 200, 500, 1000];

/** About so many boxes are shown of a large workflow at first. */
const SHOWN_AT_FIRST = 80;

/** Returns the spans of a list; none where it is short enough to be drawn as it is. */
export function listSpans(list: BlockList): Span[] {
  const count = list.blocks.length;
  if (count <= LONGEST_LIST) return [];
  const size = SPAN_SIZES.find((each) => count / each <= MOST_SPANS) ?? Math.ceil(count / MOST_SPANS);
  return Array.from({ length: Math.ceil(count / size) }, (_, index) => ({
    id: `${list.id}@${index * size}`,
    from: index * size,
    to: Math.min(count, (index + 1) * size),
  }));
}

/** Tells whether a block can be folded. */
export function canFold(block: Block): boolean {
  return block.lists.length > 0;
}

/** Returns the ids of everything in a tree that can be folded. */
export function listFoldable(tree: Block): string[] {
  const found: string[] = [];
  walkTree(tree, (block) => {
    if (block !== tree && canFold(block)) found.push(block.id);
    for (const list of block.lists) found.push(...listSpans(list).map((span) => span.id));
  });
  return found;
}

/** Returns what is folded at first: nothing of a small workflow; of a large one, what lies too deep to be shown. */
export function foldAtFirst(tree: Block, most = SHOWN_AT_FIRST): Set<string> {
  if (tree.size <= most) return new Set();
  const folds = new Set(listFoldable(tree));
  let shown = 0;
  const pending: { id: string; open: () => Opening }[] = [];
  const open = ({ cost, inside }: Opening) => {
    shown += cost;
    pending.push(...inside);
  };
  open(openBlock(tree));
  for (let next = pending.shift(); next; next = pending.shift()) {
    const opening = next.open();
    if (shown + opening.cost > most) continue;
    folds.delete(next.id);
    open(opening);
  }
  return folds;
}

/** What is shown when something is opened: how many boxes, and which of them could be opened in turn. */
interface Opening {
  cost: number;
  inside: { id: string; open: () => Opening }[];
}

function openBlock(block: Block): Opening {
  const opening: Opening = { cost: 0, inside: [] };
  for (const list of block.lists) {
    const spans = listSpans(list);
    if (spans.length === 0) add(opening, openBlocks(list.blocks));
    opening.cost += spans.length;
    for (const span of spans) {
      opening.inside.push({ id: span.id, open: () => openBlocks(list.blocks.slice(span.from, span.to)) });
    }
  }
  return opening;
}

function openBlocks(blocks: Block[]): Opening {
  return {
    cost: blocks.length,
    inside: blocks.filter(canFold).map((block) => ({ id: block.id, open: () => openBlock(block) })),
  };
}

function add(opening: Opening, more: Opening): void {
  opening.cost += more.cost;
  opening.inside.push(...more.inside);
}

/** Returns the folds without those that hide a block. */
export function reveal(tree: Block, folds: Folds, id: string): Folds {
  const hiding = new Set(findAround(tree, id));
  const way = new Set([id, ...hiding]);
  walkTree(tree, (block) => {
    if (block !== tree && !hiding.has(block.id)) return;
    for (const list of block.lists) {
      const index = list.blocks.findIndex((each) => way.has(each.id));
      const span = listSpans(list).find((each) => each.from <= index && index < each.to);
      if (span) hiding.add(span.id);
    }
  });
  const left = new Set([...folds].filter((each) => !hiding.has(each)));
  return left.size === folds.size ? folds : left;
}

/** Returns the folds with one turned: opened where it was folded, folded where it was open. */
export function turnFold(folds: Folds, id: string): Folds {
  const turned = new Set(folds);
  if (!turned.delete(id)) turned.add(id);
  return turned;
}
