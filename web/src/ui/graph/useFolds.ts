import { useCallback, useMemo, useState } from "react";
import { type Folds, foldAtFirst, reveal, turnFold } from "@/graph/folding";
import type { Block } from "@/graph/tree";

/**
 * What of a tree is folded: at first as much as is too much to be shown; then what somebody folds and opens. What is
 * selected is never hidden by what was folded at first.
 */
export function useFolds(tree: Block, revealed: string | null): [Folds, (id: string) => void, (folds: Folds) => void] {
  const first = useMemo(() => foldAtFirst(tree), [tree]);
  const [chosen, setChosen] = useState<{ folds: Folds; revealed: string | null } | null>(null);
  const folds = useMemo(() => {
    const known = chosen?.folds ?? first;
    // What somebody has folded with the selection in it stays folded, until something else is selected.
    return revealed !== null && revealed !== (chosen?.revealed ?? null) ? reveal(tree, known, revealed) : known;
  }, [tree, first, chosen, revealed]);
  const setFolds = useCallback((next: Folds) => setChosen({ folds: next, revealed }), [revealed]);
  const turn = useCallback((id: string) => setFolds(turnFold(folds, id)), [folds, setFolds]);
  return [folds, turn, setFolds];
}
