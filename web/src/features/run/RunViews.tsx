import { Loader } from "@mantine/core";
import type { RunView } from "@/api/schema";
import { useMay } from "@/features/session/permissions";
import type { View } from "./address";
import { History } from "./History";
import { Log } from "./Log";
import { NoData, RunData } from "./RunData";
import { RunPicture } from "./RunPicture";
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
  const mayData = useMay()("run.data", run.namespace);
  const isPast = at !== undefined;
  if (view === "log") {
    if (!mayData) return <NoData />;
    const until = isPast ? travel.past?.event.at : undefined;
    return <Log run={run} until={until} selection={selection} onSelect={onSelect} />;
  }
  if (!tasks) return error ? null : <Loader size="sm" aria-label="Loading" />;
  if (view === "tasks")
    return <TaskList runId={run.run_id} tasks={tasks} isPast={isPast} selection={selection} onSelect={onSelect} />;
  if (view === "graph" || view === "timeline") {
    const moment = isPast ? travel.past?.event.at : undefined;
    const picture = { runId: run.run_id, tasks, at: moment, selected: selection, onSelect };
    return <RunPicture kind={view} {...picture} />;
  }
  if (view === "history")
    return <History runId={run.run_id} travel={travel} selection={selection} onSelect={onSelect} />;
  return <RunData run={run} travel={travel} selection={selection} />;
}
