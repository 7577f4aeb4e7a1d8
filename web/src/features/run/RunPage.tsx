import { Stack, Tabs } from "@mantine/core";
import { usePrefetchQuery, useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useState } from "react";
import { ApiError } from "@/api/client";
import type { RunView } from "@/api/schema";
import { useMay } from "@/features/session/permissions";
import { EmptyState } from "@/ui/EmptyState";
import { ErrorNotice } from "@/ui/ErrorNotice";
import { TextLink } from "@/ui/links";
import { Page } from "@/ui/Page";
import { QueryView } from "@/ui/QueryView";
import { Section } from "@/ui/Section";
import type { View } from "./address";
import { findFailure } from "./failure";
import { HeaderButtons } from "./HeaderButtons";
import { runQuery, tasksQuery, whyQuery } from "./queries";
import { RunActions } from "./RunActions";
import { RunHeader } from "./RunHeader";
import { RunViews } from "./RunViews";
import classes from "./run.module.css";
import { useSelection, useView } from "./selection";
import { TaskPanel } from "./TaskPanel";
import { TimeTravel } from "./TimeTravel";
import { Damaged, Trouble } from "./Trouble";
import { useTravel } from "./useTravel";
import { Why } from "./Why";

const route = getRouteApi("/runs/$runId");

const LABELS: [View, string][] = [
  ["tasks", "Tasks"],
  ["graph", "Graph"],
  ["timeline", "Timeline"],
  ["history", "History"],
  ["data", "Data"],
  ["log", "Log"],
];

/** A run: where it stands, what became of its tasks, and what can be done with it. */
export function RunPage() {
  const { runId } = route.useParams();
  const run = useQuery(runQuery(runId));
  // They are asked for at the same time: a long run's tasks take a moment.
  usePrefetchQuery(tasksQuery(runId));
  if (run.error instanceof ApiError && run.error.status === 404) return <UnknownRun runId={runId} />;
  if (run.data) return <KnownRun key={runId} run={run.data} error={run.error} />;
  return (
    <Page title={`Run ${runId}`}>
      <QueryView query={run}>{() => null}</QueryView>
    </Page>
  );
}

function KnownRun({ run, error }: { run: RunView; error: Error | null }) {
  const mayData = useMay()("run.data", run.namespace);
  const [asked, show] = useView();
  const [selection, select] = useSelection();
  const [isAsked, setAsked] = useState(false);
  const travel = useTravel(run.run_id, mayData);
  const isPast = travel.at !== undefined;
  const failed = useFailed(run);
  // Of a run whose history cannot be read there is its log at most.
  const isUnreadable = run.status === "damaged" && !travel.tasks;
  const view = isUnreadable ? "log" : asked;
  const name = `${run.namespace}/${run.name}`;
  return (
    <RunActions run={run} failed={failed}>
      <Page
        title={`${name} ${run.run_id}`}
        heading={name}
        actions={<HeaderButtons run={run} travel={travel} isAsked={isAsked} onAsk={() => setAsked(!isAsked)} />}
      >
        {error && <ErrorNotice error={error} />}
        <RunHeader run={run} />
        {isAsked && (
          <Section title="Why?">
            <Why runId={run.run_id} onSelect={select} />
          </Section>
        )}
        {run.status === "damaged" && <Damaged run={run} />}
        {run.status === "faulted" && !isPast && (
          <Trouble run={run} tasks={travel.tasks ?? []} onSelect={select} onShowLog={(about) => show("log", about)} />
        )}
        {isPast && <TimeTravel travel={travel} mayData={mayData} onSelect={select} />}
        {travel.error && !isPast && !isUnreadable && <ErrorNotice error={travel.error} />}
        <Tabs value={view} onChange={(chosen) => show(chosen as View)} keepMounted={false}>
          <Tabs.List>
            {LABELS.filter(([value]) => !isUnreadable || value === "log").map(([value, label]) => (
              <Tabs.Tab key={value} value={value}>
                {label}
              </Tabs.Tab>
            ))}
          </Tabs.List>
          <Tabs.Panel value={view} pt="sm">
            <div className={selection ? classes.columns : undefined}>
              <Stack gap="sm" miw={0}>
                <RunViews view={view} run={run} travel={travel} selection={selection} onSelect={select} />
              </Stack>
              {selection && (
                <TaskPanel
                  run={run}
                  tasks={travel.tasks ?? []}
                  isPast={isPast}
                  selection={selection}
                  onSelect={select}
                  onShow={show}
                />
              )}
            </div>
          </Tabs.Panel>
        </Tabs>
      </Page>
    </RunActions>
  );
}

/** Returns the task at which a faulted run has failed. */
function useFailed(run: RunView): string | undefined {
  const why = useQuery({ ...whyQuery(run.run_id), enabled: run.status === "faulted" });
  return (why.data && findFailure(why.data).reference) || undefined;
}

function UnknownRun({ runId }: { runId: string }) {
  return (
    <Page title="There is no such run">
      <EmptyState title={`No run has the id ${runId}`}>
        It may have been mistyped, or is in a namespace that you may not see. <TextLink to="/runs">Runs</TextLink> lists
        what there is.
      </EmptyState>
    </Page>
  );
}
