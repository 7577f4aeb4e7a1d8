import { Alert, Text } from "@mantine/core";
import { useMemo } from "react";
import { WorkflowGraph } from "@/ui/graph/WorkflowGraph";
import type { Mark } from "./problems";
import { splitPointer, toPointer } from "./readText";
import classes from "./Workbench.module.css";

interface DiagramProps {
  /** The text's value when it could be read last; `null` where it never could. */
  document: unknown;
  /** Why the text cannot be read now. */
  trouble: { message: string; line: number } | null;
  marks: Mark[];
  /** The references of all tasks. */
  references: string[];
  chosen: string | null;
  onChoose: (reference: string | null) => void;
}

/** The workflow as a drawing; while the text cannot be read, as it was when it could be. */
export function Diagram({ document, trouble, marks, references, chosen, onChoose }: DiagramProps) {
  const problems = useMemo(() => placeInTasks(marks, references), [marks, references]);
  return (
    <>
      {document !== null && (
        <div className={classes.drawing} data-old={trouble !== null || undefined}>
          <WorkflowGraph
            document={document}
            selected={chosen}
            onSelect={onChoose}
            problems={problems}
            height="var(--bench-height)"
          />
        </div>
      )}
      {trouble && (
        <Alert color="yellow" p="xs" role="status" className={classes.note}>
          <Text size="sm">
            Line {marks.find(({ problem }) => problem.code === "syntax")?.problem.line ?? trouble.line} cannot be read.
            {document !== null && " The drawing shows the text as it was when it could be."}
          </Text>
        </Alert>
      )}
    </>
  );
}

/** Returns the worst problem of each task, by its reference: those within its parts are its own. */
function placeInTasks(marks: Mark[], references: string[]): Map<string, "error" | "warning"> {
  const known = new Set(references);
  const worst = new Map<string, "error" | "warning">();
  for (const { problem } of marks) {
    if (problem.severity === "info") continue;
    for (let path = splitPointer(problem.pointer ?? ""); path.length > 0; path = path.slice(0, -1)) {
      const reference = toPointer(path);
      if (!known.has(reference)) continue;
      if (worst.get(reference) !== "error") worst.set(reference, problem.severity);
      break;
    }
  }
  return worst;
}
