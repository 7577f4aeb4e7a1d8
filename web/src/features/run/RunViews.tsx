import { Loader } from "@mantine/core";
import type { RunView } from "@/api/schema";
import type { View } from "./address";
import type { Selection } from "./selection";
import { TaskList } from "./TaskList";
import type { Travel } from "./useTravel";

interface RunViewsProps {
  view: View;
  run: RunView;
  travel: Travel;
  selection: Selection | null;
  onSelect: (selection: Selection | null) => void;
}

/** The view of a run that was chosen. All views show one selection, and the same moment. */
export function RunViews({ view, run, travel, selection, onSelect }: RunViewsProps) {
  const { tasks, at, error } = travel;
  const isPast = at !== undefined;
  if (!tasks) return error ? null : <Loader size="sm" aria-label="Loading" />;
  if (view === "tasks")
    return <TaskList runId={run.run_id} tasks={tasks} isPast={isPast} selection={selection} onSelect={onSelect} />;
  return null;
}
