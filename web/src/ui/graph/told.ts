/** What a run has to tell about a box of the drawing. */
import type { Box, Layout } from "@/graph/drawing";
import { worstOf } from "@/graph/severity";
import type { BlockStory, Picks, Told } from "@/graph/story";
import type { Problem } from "./describe";

/** What both the drawn boxes and those that are read aloud are made of. */
export interface GraphPartProps {
  layout: Layout;
  told: Told | undefined;
  picks: Picks;
  problems: ReadonlyMap<string, Problem> | undefined;
  selected: string | null;
}

/** Returns what a run made of a box, and the status that it shows: of what is folded, the worst in it. */
export function findStory(
  box: Box,
  told: Told | undefined,
): { story: BlockStory | null | undefined; status: string | null } {
  if (!told) return { story: null, status: null };
  if (box.span.length > 0) {
    const inner = box.span.flatMap((block) => told.stories.get(block.id)?.worst ?? []);
    const [first, ...others] = inner;
    return {
      story: first === undefined ? undefined : null,
      status: first === undefined || box.isOpen ? null : worstOf(first, ...others),
    };
  }
  const story = told.stories.get(box.id);
  return { story, status: story ? (box.canFold && !box.isOpen ? story.worst : story.status) : null };
}

/** Of what is no branch it says nothing that it lies on the critical path. */
export function isCritical(box: Box, story: BlockStory | null | undefined): boolean {
  return box.block.isInBranch && (story?.isCritical ?? false);
}

const NO_CASES: ReadonlySet<string> = new Set();
const caseCache = new WeakMap<Told, Map<string, Set<string>>>();

/** Returns the cases by which a run has left a `switch`: the same set for the same run, so that nothing is drawn anew. */
export function findCases({ id }: Box, told: Told): ReadonlySet<string> {
  let byBlock = caseCache.get(told);
  if (!byBlock) {
    byBlock = new Map();
    for (const key of told.edges.keys()) {
      const [from = "", , label = ""] = key.split("|");
      if (label === "") continue;
      byBlock.set(from, (byBlock.get(from) ?? new Set()).add(label));
    }
    caseCache.set(told, byBlock);
  }
  return byBlock.get(id) ?? NO_CASES;
}
