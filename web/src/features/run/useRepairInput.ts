/** What a task of a faulted run had as its input, and what another one must look like. */
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import type { RunTask, RunView } from "@/api/schema";
import { useMay } from "@/features/session/permissions";
import { definitionQuery, taskDataQuery, tasksQuery } from "./queries";
import { findRepairField, type RepairField } from "./repairField";

export interface RepairInput {
  /** What the task had, where that is known and may be seen. */
  start?: { value: unknown };
  expected: RepairField | null;
  isLoading: boolean;
}

/** Asks for the input of the task with a reference; for nothing where that is `undefined`. */
export function useRepairInput(run: RunView, reference: string | undefined): RepairInput {
  const isAsked = reference !== undefined;
  const mayData = useMay()("run.data", run.namespace);
  const tasks = useQuery({ ...tasksQuery(run.run_id), enabled: isAsked });
  const definition = useQuery({ ...definitionQuery(run.run_id), enabled: isAsked });
  const task = tasks.data?.tasks.findLast((each) => each.reference === reference);
  const data = useQuery({
    ...taskDataQuery(run.run_id, task ?? NO_TASK),
    enabled: isAsked && mayData && task !== undefined,
  });
  const start = data.data?.input;
  const place = task?.place || reference;
  const document = definition.data?.document;
  const expected = useMemo(
    () => (document && place ? findRepairField(document, place, start?.value) : null),
    [document, place, start],
  );
  return { start, expected, isLoading: tasks.isLoading || definition.isLoading || data.isLoading };
}

const NO_TASK: RunTask = { number: 0, seq: 0, reference: "", name: "", kind: "", status: "running", began_at: "" };
