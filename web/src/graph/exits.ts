/** Where the flow can go when a block has ended. */
import type { Block, BlockList, Target } from "./tree";

/** `end`: the run ends there. */
export type Stop = "" | "end";

export interface Exit {
  /** The id of the block in the same list that it leads to; empty for the end of the list. */
  target: string;
  stop: Stop;
  /** The case that it belongs to. */
  label: string;
}

/**
 * Returns the exits of each block of a list, in the order of its blocks.
 *
 * The first exits of a `switch` are those of its cases, one each; where none is the default, its own comes after them.
 */
export function listExits(list: BlockList): Exit[][] {
  const byName = new Map(list.blocks.map((block) => [block.name, block.id]));
  return list.blocks.map((block, index) => {
    const following = list.role === "branch" ? "" : (list.blocks[index + 1]?.id ?? "");
    return listWays(block).map(({ target, label }) => resolve(target, label, following, byName));
  });
}

interface Way {
  target: Target;
  label: string;
}

function listWays(block: Block): Way[] {
  const ways: Way[] = block.cases.map((each) => ({ target: each.target, label: each.name }));
  if (block.kind === "raise") return ways;
  const hasDefault = block.kind === "switch" && block.cases.some((each) => each.when === "");
  return hasDefault ? ways : [...ways, { target: block.onward, label: "" }];
}

function resolve(target: Target, label: string, following: string, byName: ReadonlyMap<string, string>): Exit {
  if (target.to === "end") return { target: "", stop: "end", label };
  if (target.to === "exit") return { target: "", stop: "", label };
  if (target.to === "next") return { target: following, stop: "", label };
  // A name that is not in the list is a problem that the editor reports; it is drawn as if nothing were said.
  return { target: byName.get(target.name) ?? following, stop: "", label };
}
