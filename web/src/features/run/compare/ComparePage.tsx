import { Alert, Loader, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useMemo } from "react";
import type { RunView } from "@/api/schema";
import { useMay } from "@/features/session/permissions";
import { EmptyState } from "@/ui/EmptyState";
import { ErrorNotice } from "@/ui/ErrorNotice";
import { Page } from "@/ui/Page";
import { Section } from "@/ui/Section";
import { runDataQuery, runQuery, stateQuery, tasksQuery } from "../queries";
import { DataDifference } from "./DataDifference";
import { PairList } from "./PairList";
import { compareTasks } from "./pairs";
import { RunChoice } from "./RunChoice";

const route = getRouteApi("/compare");

/** Two runs side by side: the ways that they took, the times of their tasks, and what went in and came out. */
export function ComparePage() {
  const { a, b } = route.useSearch();
  const navigate = route.useNavigate();
  const first = useQuery({ ...runQuery(a ?? ""), enabled: a !== undefined });
  const second = useQuery({ ...runQuery(b ?? ""), enabled: b !== undefined });
  const known = first.data ?? second.data;
  const choose = (side: "a" | "b") => (runId: string | undefined) =>
    void navigate({ search: (before) => ({ ...before, [side]: runId }), replace: true });
  return (
    <Page title="Compare two runs" summary="What one run did differently from another, and what took longer.">
      <div style={{ display: "grid", gap: 12, gridTemplateColumns: "repeat(auto-fit, minmax(min(100%, 320px), 1fr))" }}>
        <RunChoice label="First run" run={first.data} runId={a} like={known} other={b} onChoose={choose("a")} />
        <RunChoice label="Second run" run={second.data} runId={b} like={known} other={a} onChoose={choose("b")} />
      </div>
      {first.error && <ErrorNotice error={first.error} onRetry={() => void first.refetch()} />}
      {second.error && <ErrorNotice error={second.error} onRetry={() => void second.refetch()} />}
      {first.data && second.data ? (
        <Compared key={`${a} ${b}`} first={first.data} second={second.data} />
      ) : (
        (a === undefined || b === undefined) && (
          <EmptyState title="Choose two runs">
            Two runs of one workflow tell most: the last one that went well, and the one that did not.
          </EmptyState>
        )
      )}
    </Page>
  );
}

function Compared({ first, second }: { first: RunView; second: RunView }) {
  const may = useMay();
  const isOtherWorkflow = first.namespace !== second.namespace || first.name !== second.name;
  const isOtherVersion = !isOtherWorkflow && first.version !== second.version;
  return (
    <>
      {isOtherWorkflow && (
        <Alert color="yellow">These are runs of different workflows: only tasks of the same names are paired.</Alert>
      )}
      {isOtherVersion && (
        <Alert color="blue">
          They are of different versions ({first.version} and {second.version}): tasks are paired by their names.
        </Alert>
      )}
      <Tasks first={first} second={second} />
      {may("run.data", first.namespace) && may("run.data", second.namespace) ? (
        <Data first={first.run_id} second={second.run_id} />
      ) : (
        <Text size="sm" c="dimmed">
          You may not see the data of these runs.
        </Text>
      )}
    </>
  );
}

function Tasks({ first, second }: { first: RunView; second: RunView }) {
  const ones = useQuery(tasksQuery(first.run_id));
  const others = useQuery(tasksQuery(second.run_id));
  const comparison = useMemo(
    () => (ones.data && others.data ? compareTasks(ones.data.tasks, others.data.tasks) : null),
    [ones.data, others.data],
  );
  return (
    <Section title="Path and times">
      {[ones, others].map(
        (query, index) =>
          // biome-ignore lint/suspicious/noArrayIndexKey: they are always the same two
          query.error && <ErrorNotice key={index} error={query.error} onRetry={() => void query.refetch()} />,
      )}
      {comparison ? (
        <PairList comparison={comparison} first={first} second={second} />
      ) : (
        (ones.isLoading || others.isLoading) && <Loader size="sm" aria-label="Loading" />
      )}
    </Section>
  );
}

function Data({ first, second }: { first: string; second: string }) {
  const ones = useQuery(runDataQuery(first));
  const others = useQuery(runDataQuery(second));
  const before = useQuery(stateQuery(first));
  const after = useQuery(stateQuery(second));
  return (
    <Stack gap="md">
      {[ones, others, before, after].map(
        // biome-ignore lint/suspicious/noArrayIndexKey: they are always the same four
        (query, index) => query.error && <ErrorNotice key={index} error={query.error} />,
      )}
      {ones.data && others.data && (
        <>
          <DataDifference title="Input" before={ones.data.input} after={others.data.input} />
          <DataDifference
            title="Output or error"
            before={ones.data.error ?? ones.data.output}
            after={others.data.error ?? others.data.output}
          />
        </>
      )}
      {before.data && after.data && (
        <DataDifference title="Context" before={before.data.context} after={after.data.context} />
      )}
    </Stack>
  );
}
