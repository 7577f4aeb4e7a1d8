import { Alert, Loader, SegmentedControl, Stack, Text } from "@mantine/core";
import { IconLock } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { RunTask, RunView } from "@/api/schema";
import { useMay } from "@/features/session/permissions";
import { DataTree } from "@/ui/DataTree";
import { QueryView } from "@/ui/QueryView";
import { runDataQuery, stateQuery, taskDataQuery } from "./queries";
import { isSelected, type Selection } from "./selection";
import { describePlace } from "./tasks";
import type { Travel } from "./useTravel";

interface RunDataProps {
  run: RunView;
  travel: Travel;
  selection: Selection | null;
}

type Part = "input" | "output" | "context" | "open" | "task";

/** The data of a run: input, output or error, context, what its open tasks got; and of the task that is selected. */
export function RunData({ run, travel, selection }: RunDataProps) {
  const mayData = useMay()("run.data", run.namespace);
  const [part, setPart] = useState<Part>("input");
  const task = selection && travel.tasks?.filter((each) => isSelected(selection, each)).at(-1);
  if (!mayData) return <NoData />;
  const shown = part === "task" && !task ? "input" : part;
  return (
    <Stack gap="sm">
      <SegmentedControl
        size="xs"
        value={shown}
        onChange={(chosen) => setPart(chosen as Part)}
        aria-label="Which data"
        style={{ alignSelf: "flex-start" }}
        data={[
          { value: "input", label: "Input" },
          { value: "output", label: run.status === "faulted" ? "Error" : "Output" },
          { value: "context", label: "Context" },
          { value: "open", label: "Open tasks" },
          ...(task ? [{ value: "task", label: `Task ${task.name}` }] : []),
        ]}
      />
      {shown === "task" && task ? (
        <TaskData runId={run.run_id} task={task} />
      ) : travel.at !== undefined ? (
        travel.past?.state ? (
          <Shown part={shown} state={travel.past.state} />
        ) : (
          <Loader size="sm" aria-label="Loading" />
        )
      ) : shown === "input" || shown === "output" ? (
        <InputOrOutput runId={run.run_id} part={shown} />
      ) : (
        <StateNow runId={run.run_id} part={shown} />
      )}
    </Stack>
  );
}

/** That data is not shown to who may not see it. */
export function NoData() {
  return (
    <Alert color="gray" icon={<IconLock aria-hidden />} title="You may not see this run's data">
      Input, output, context and log need the permission run.data in this namespace. What happened to the tasks is shown
      without them.
    </Alert>
  );
}

function InputOrOutput({ runId, part }: { runId: string; part: "input" | "output" }) {
  const detail = useQuery(runDataQuery(runId));
  return (
    <QueryView query={detail}>
      {(known) => (known.has_data ? <Shown part={part} state={known} /> : <NoData />)}
    </QueryView>
  );
}

function StateNow({ runId, part }: { runId: string; part: Part }) {
  const state = useQuery(stateQuery(runId));
  return <QueryView query={state}>{(known) => <Shown part={part} state={known} />}</QueryView>;
}

interface ShownState {
  input?: unknown;
  output?: unknown;
  error?: unknown;
  context?: unknown;
  open?: { entry: number; reference: string; input?: unknown }[];
}

function Shown({ part, state }: { part: Part; state: ShownState }) {
  if (part === "input") return <DataTree key="input" label="Input" value={state.input ?? null} />;
  if (part === "context") return <DataTree key="context" label="Context" value={state.context ?? null} />;
  if (part === "output") {
    if (state.error) return <DataTree key="error" label="Error" value={state.error} />;
    if (state.output === null || state.output === undefined) return <None>There is no output.</None>;
    return <DataTree key="output" label="Output" value={state.output} />;
  }
  const open = (state.open ?? []).filter((entry) => entry.reference !== "");
  if (open.length === 0) return <None>No task is open.</None>;
  const inputs = Object.fromEntries(
    open.map((entry) => [`${describePlace(entry)} (${entry.entry})`, entry.input ?? null]),
  );
  return <DataTree key="open" label="Inputs of open tasks" value={inputs} />;
}

function TaskData({ runId, task }: { runId: string; task: RunTask }) {
  const data = useQuery(taskDataQuery(runId, task));
  return (
    <QueryView query={data}>
      {({ input, output }) => (
        <Stack gap="sm">
          <Text size="sm" fw={600}>
            Input
          </Text>
          {input ? (
            <DataTree label={`Input of ${task.name}`} value={input.value} height="30vh" />
          ) : (
            <None>It is not kept by itself: the task was done in one step, and got what the task before it gave.</None>
          )}
          <Text size="sm" fw={600}>
            Output
          </Text>
          {output ? (
            <DataTree label={`Output of ${task.name}`} value={output.value} height="30vh" />
          ) : (
            <None>
              {task.status === "completed"
                ? "None is recorded by itself: it is what the last task within gave, or its input, unchanged."
                : "It has none."}
            </None>
          )}
        </Stack>
      )}
    </QueryView>
  );
}

function None({ children }: { children: string }) {
  return (
    <Text size="sm" c="dimmed">
      {children}
    </Text>
  );
}
