import { Group, Paper, Select, Stack, Text, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type KeyboardEvent, useState } from "react";
import { api, got } from "@/api/client";
import type { RunView } from "@/api/schema";
import { describeDistance, describeMoment } from "@/lib/time";
import { TextLink } from "@/ui/links";
import { Duration, Moment } from "@/ui/Moment";
import { StatusBadge } from "@/ui/StatusBadge";
import { useNow } from "@/ui/useNow";

interface RunChoiceProps {
  label: string;
  runId: string | undefined;
  run: RunView | undefined;
  /** A run of the workflow whose runs are offered. */
  like: RunView | undefined;
  /** The run on the other side, which is not offered. */
  other: string | undefined;
  onChoose: (runId: string | undefined) => void;
}

const OFFERED = 50;

/** One side of a comparison: the run, and others of its workflow that could be there. */
export function RunChoice({ label, runId, run, like, other, onChoose }: RunChoiceProps) {
  return (
    <Paper withBorder radius="md" p="sm">
      <Stack gap="xs">
        {like ? (
          <Offered label={label} runId={runId} like={like} other={other} onChoose={onChoose} />
        ) : (
          <ById label={label} runId={runId} onChoose={onChoose} />
        )}
        {run && (
          <Group gap="sm">
            <StatusBadge status={run.status} />
            <TextLink to="/runs/$runId" params={{ runId: run.run_id }} size="sm" ff="monospace">
              {run.run_id}
            </TextLink>
            <Text size="sm">
              {run.namespace}/{run.name} {run.version}
            </Text>
            <Text size="sm" c="dimmed">
              <Moment at={run.created_at} />, took <Duration began={run.created_at} ended={run.ended_at} />
            </Text>
          </Group>
        )}
      </Stack>
    </Paper>
  );
}

function Offered({ label, runId, like, other, onChoose }: Omit<RunChoiceProps, "run" | "like"> & { like: RunView }) {
  const now = useNow();
  const { namespace, name } = like;
  const runs = useQuery({
    queryKey: ["runs", "compare", namespace, name],
    queryFn: () => got(api.GET("/api/v1/runs", { params: { query: { namespace, name, limit: OFFERED } } })),
  });
  const offered = (runs.data?.items ?? []).filter((each) => each.run_id !== other);
  const options = offered.map((each) => ({
    value: each.run_id,
    label: `${each.status}, ${describeDistance(new Date(each.created_at), now)} (${describeMoment(new Date(each.created_at))}), ${each.version}, ${each.run_id}`,
  }));
  if (runId !== undefined && !options.some((each) => each.value === runId))
    options.push({ value: runId, label: runId });
  return (
    <Select
      label={label}
      description={`The last ${OFFERED} runs of ${namespace}/${name}`}
      placeholder="Choose a run"
      data={options}
      value={runId ?? null}
      onChange={(chosen) => onChoose(chosen ?? undefined)}
      searchable
      clearable
      clearButtonProps={{ "aria-label": "Choose no run" }}
      nothingFoundMessage="No other run"
      size="xs"
    />
  );
}

function ById({ label, runId, onChoose }: Pick<RunChoiceProps, "label" | "runId" | "onChoose">) {
  const [typed, setTyped] = useState(runId ?? "");
  const commit = () => {
    if (typed.trim() !== (runId ?? "")) onChoose(typed.trim() || undefined);
  };
  return (
    <TextInput
      label={label}
      description="The id of a run"
      value={typed}
      onChange={(event) => setTyped(event.currentTarget.value)}
      onBlur={commit}
      onKeyDown={(event: KeyboardEvent) => event.key === "Enter" && commit()}
      size="xs"
    />
  );
}
