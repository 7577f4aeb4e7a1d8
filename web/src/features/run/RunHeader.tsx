import { Code, CopyButton, Group, Text, UnstyledButton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import type { RunView } from "@/api/schema";
import { hasEnded } from "@/lib/states";
import { TextLink } from "@/ui/links";
import { Duration, Moment } from "@/ui/Moment";
import { StatusBadge } from "@/ui/StatusBadge";
import { childrenQuery, originQuery } from "./queries";

/** Where a run stands: status, times, what started it and what it started. */
export function RunHeader({ run }: { run: RunView }) {
  const children = useQuery(childrenQuery(run.run_id));
  const origin = useQuery({ ...originQuery(run.run_id), enabled: run.status !== "damaged" });
  const started = children.data?.items.length ?? 0;
  return (
    <Group style={{ columnGap: 20, rowGap: 6 }} align="center">
      <span role="status" style={{ display: "inline-flex" }}>
        <StatusBadge status={run.status} />
      </span>
      <Fact label="Run">
        <CopyButton value={run.run_id}>
          {({ copied, copy }) => (
            <UnstyledButton onClick={copy} aria-label={`Copy the run's id ${run.run_id}`} title="Copy">
              <Code>{copied ? "copied" : run.run_id}</Code>
            </UnstyledButton>
          )}
        </CopyButton>
      </Fact>
      <Fact label="Version">{run.version}</Fact>
      <Fact label="Started">
        <Moment at={run.created_at} />
      </Fact>
      <Fact label={hasEnded(run.status) ? "Took" : "For"}>
        <Duration began={run.created_at} ended={run.ended_at} />
      </Fact>
      {run.waits_until && (
        <Fact label="Waits until">
          <Moment at={run.waits_until} />
        </Fact>
      )}
      {run.status === "waiting" && !run.waits_until && <Fact label="Waits for">an event</Fact>}
      {run.parent_run_id && (
        <Fact label="Started by the run">
          <TextLink to="/runs/$runId" params={{ runId: run.parent_run_id }} size="sm" ff="monospace">
            {run.parent_run_id}
          </TextLink>
        </Fact>
      )}
      {origin.data && (
        <Fact label="Forked from">
          <TextLink to="/runs/$runId" params={{ runId: origin.data }} size="sm" ff="monospace">
            {origin.data}
          </TextLink>
          <Text span inherit c="dimmed">
            {" "}
            (what was done before is there)
          </Text>
        </Fact>
      )}
      {started > 0 && (
        <TextLink to="/runs" search={{ parent: run.run_id }} size="sm">
          {children.data?.next ? `More than ${started}` : started} child {started === 1 ? "run" : "runs"}
        </TextLink>
      )}
    </Group>
  );
}

function Fact({ label, children }: { label: string; children: ReactNode }) {
  return (
    <Text size="sm" component="span">
      <Text span inherit c="dimmed">
        {label}{" "}
      </Text>
      {children}
    </Text>
  );
}
