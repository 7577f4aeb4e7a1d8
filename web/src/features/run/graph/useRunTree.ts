import { useQueries } from "@tanstack/react-query";
import { useMemo } from "react";
import type { RunTask } from "@/api/schema";
import { joinTold, type Picks, type Told, tellRun } from "@/graph/story";
import { type Block, INSET, type Inset, makeTree } from "@/graph/tree";
import { definitionQuery, tasksQuery } from "../queries";

interface RunTree {
  tree: Block;
  told: Told;
  /** Whether a child run is being read. */
  isLoading: boolean;
}

/** Returns the tree of a run with the child runs that were opened in it, and what became of all its tasks. */
export function useRunTree(document: object, tasks: RunTask[], picks: Picks, opened: ReadonlySet<string>): RunTree {
  const plain = useMemo(() => makeTree(document), [document]);
  const own = useMemo(() => tellRun(plain, tasks, picks), [plain, tasks, picks]);
  const children = listChildren(own);
  const open = [...children].filter(([id]) => opened.has(id));
  const definitions = useQueries({ queries: open.map(([, runId]) => definitionQuery(runId)) });
  const stories = useQueries({ queries: open.map(([, runId]) => tasksQuery(runId)) });

  const childKey = JSON.stringify([...children]);
  const documentsKey = definitions.map((each) => each.dataUpdatedAt).join();
  // biome-ignore lint/correctness/useExhaustiveDependencies: the lists are new each time, what is in them is not
  const tree = useMemo(() => {
    if (children.size === 0) return plain;
    const insets = new Map<string, Inset>([...children.keys()].map((id) => [id, {}]));
    open.forEach(([id], index) => {
      insets.set(id, { document: definitions[index]?.data?.document });
    });
    return makeTree(document, { insets });
  }, [plain, document, childKey, documentsKey]);
  const storiesKey = stories.map((each) => each.dataUpdatedAt).join();
  // biome-ignore lint/correctness/useExhaustiveDependencies: the lists are new each time, what is in them is not
  const told = useMemo(() => {
    if (open.length === 0) return own;
    const parts = open.map(([id], index) => tellRun(tree, stories[index]?.data?.tasks ?? [], picks, `${id}${INSET}`));
    return joinTold(tree, [own, ...parts]);
  }, [own, tree, picks, storiesKey]);
  return { tree, told, isLoading: [...definitions, ...stories].some((each) => each.isLoading) };
}

/** Returns the child run of each block that has started one, the last one. */
function listChildren({ stories }: Told): Map<string, string> {
  const found = new Map<string, string>();
  for (const [id, { telling }] of stories) if (telling.child_run_id) found.set(id, telling.child_run_id);
  return found;
}
