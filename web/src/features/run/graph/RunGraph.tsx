import { Button, Group, Loader, Text } from "@mantine/core";
import { useCallback, useMemo, useState } from "react";
import type { RunTask } from "@/api/schema";
import { canFold, listFoldable } from "@/graph/folding";
import { layOut } from "@/graph/layout";
import type { Picks } from "@/graph/story";
import { INSET } from "@/graph/tree";
import { GraphView } from "@/ui/graph/GraphView";
import { useFolds } from "@/ui/graph/useFolds";
import type { Selection } from "../selection";
import { findFocus, findPicked, followSelection } from "./selecting";
import { useRunTree } from "./useRunTree";

export interface RunGraphProps {
  runId: string;
  /** The workflow that the run is made of. */
  document: object;
  tasks: RunTask[];
  selected: Selection | null;
  onSelect: (selection: Selection | null) => void;
  height?: string;
}

const NO_PICKS: Picks = new Map();

/** A run as a drawing of its workflow: where each task stands, and which way the flow went. */
export function RunGraph({ document, tasks, selected, onSelect, height }: RunGraphProps) {
  const [picks, setPicks] = useState(NO_PICKS);
  const [opened, setOpened] = useState<ReadonlySet<string>>(new Set());
  const picked = useMemo(() => findPicked(tasks, selected), [tasks, selected]);
  const shownPicks = useMemo(() => followSelection(picks, picked), [picks, picked]);
  const { tree, told, isLoading } = useRunTree(document, tasks, shownPicks, opened);
  const [focus] = useState(() => findFocus(tasks));
  const [folds, turn, setFolds] = useFolds(tree, picked?.place ?? focus);
  const layout = useMemo(() => layOut(tree, folds), [tree, folds]);

  const turnBox = useCallback(
    (id: string) => {
      const box = layout.boxes.find((each) => each.id === id);
      if (box && box.span.length === 0 && !canFold(box.block)) setOpened((before) => new Set([...before, id]));
      else turn(id);
    },
    [layout, turn],
  );
  const select = (id: string | null) => {
    // A task of a child run is not one of this run: the task that has started the child run is.
    const own = id?.split(INSET)[0];
    if (own === undefined) return onSelect(null);
    const task = told.stories.get(own)?.telling;
    onSelect(task ? { reference: task.reference, entry: task.entry || undefined } : { reference: own });
  };
  const pick = useCallback((id: string, iteration: number | null) => {
    setPicks((before) => {
      const next = new Map(before);
      if (iteration === null) next.delete(id);
      else next.set(id, iteration);
      return next;
    });
  }, []);
  const foldable = useMemo(() => listFoldable(tree), [tree]);
  return (
    <>
      <Group justify="space-between" gap="xs">
        <Text size="xs" c="dimmed">
          Strong lines are the ways that the flow went; ★ marks the branch that took the time. Arrow keys walk, Enter
          selects.
        </Text>
        <Group gap={4}>
          {isLoading && <Loader size="xs" aria-label="Loading a child run" />}
          {foldable.length > 0 && (
            <>
              <Button size="compact-xs" variant="default" onClick={() => setFolds(new Set(foldable))}>
                Fold all
              </Button>
              <Button size="compact-xs" variant="default" onClick={() => setFolds(new Set())}>
                Open all
              </Button>
            </>
          )}
        </Group>
      </Group>
      <GraphView
        layout={layout}
        label={`The tasks of ${tree.name}, and where they stand`}
        told={told}
        selected={picked?.place ?? null}
        onSelect={select}
        onTurn={turnBox}
        picks={shownPicks}
        onPick={pick}
        focus={focus}
        height={height}
      />
    </>
  );
}
