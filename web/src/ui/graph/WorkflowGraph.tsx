import { Text } from "@mantine/core";
import { useMemo } from "react";
import { layOut } from "@/graph/layout";
import { makeTree } from "@/graph/tree";
import type { Problem } from "./describe";
import { GraphView } from "./GraphView";
import { useFolds } from "./useFolds";

interface WorkflowGraphProps {
  /** The workflow as JSON; it may be incomplete or wrong, as it is while it is written. */
  document: unknown;
  /** The reference of the task that is selected. */
  selected?: string | null;
  onSelect?: (reference: string | null) => void;
  /** The worst problem of each task, by its reference. */
  problems?: ReadonlyMap<string, Problem>;
  height?: string;
}

const ignore = () => {};

/** A workflow as a drawing, without a run. */
export function WorkflowGraph({ document, selected = null, onSelect = ignore, problems, height }: WorkflowGraphProps) {
  const tree = useMemo(() => makeTree(document), [document]);
  const [folds, turn] = useFolds(tree, selected);
  const layout = useMemo(() => layOut(tree, folds), [tree, folds]);
  if (layout.boxes.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        The workflow has no tasks yet.
      </Text>
    );
  }
  return (
    <GraphView
      layout={layout}
      label={`The tasks of ${tree.name || "the workflow"}`}
      selected={selected}
      onSelect={onSelect}
      onTurn={turn}
      problems={problems}
      height={height}
    />
  );
}
