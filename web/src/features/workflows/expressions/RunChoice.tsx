import { Group, Select, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { describeMoment } from "@/lib/time";
import { recentRunsQuery } from "../queries";
import { runTasksQuery } from "./queries";

export interface ChosenData {
  runId: string | null;
  /** The reference of a task within the run; empty for the workflow as a whole. */
  reference: string;
}

interface RunChoiceProps {
  namespace: string;
  name: string;
  chosen: ChosenData;
  onChoose: (chosen: ChosenData) => void;
}

/** Which run, and which of its tasks, gives the data. */
export function RunChoice({ namespace, name, chosen, onChoose }: RunChoiceProps) {
  const runs = useQuery(recentRunsQuery(namespace, name, 50));
  const tasks = useQuery(runTasksQuery(chosen.runId));
  if (runs.data?.items.length === 0)
    return <Text size="sm">It has not run yet, so that there is no data of a run.</Text>;
  const references = new Map(tasks.data?.tasks.map((task) => [task.reference, task]));
  return (
    <Group align="flex-start">
      <Select
        label="Run"
        placeholder="Choose a run"
        data={(runs.data?.items ?? []).map((run) => ({
          value: run.run_id,
          label: `${describeMoment(new Date(run.created_at))}, ${run.version}, ${run.status}`,
        }))}
        value={chosen.runId}
        onChange={(runId) => onChoose({ runId, reference: "" })}
        searchable
        w={{ base: "100%", sm: 380 }}
      />
      <Select
        label="What sees it"
        data={[
          { value: "/", label: "the workflow as a whole" },
          ...[...references.values()].map((task) => ({
            value: task.reference,
            label: `${task.name} (${task.kind}, ${task.status}) ${task.reference}`,
          })),
        ]}
        value={chosen.reference || "/"}
        onChange={(value) => onChoose({ ...chosen, reference: value === "/" || value === null ? "" : value })}
        allowDeselect={false}
        disabled={chosen.runId === null}
        searchable
        w={{ base: "100%", sm: 380 }}
      />
    </Group>
  );
}
