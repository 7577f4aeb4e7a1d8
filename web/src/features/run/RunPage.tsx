import { Tabs } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { ApiError } from "@/api/client";
import { EmptyState } from "@/ui/EmptyState";
import { TextLink } from "@/ui/links";
import { Page } from "@/ui/Page";
import { QueryView } from "@/ui/QueryView";
import { runQuery } from "./queries";
import { RunHeader } from "./RunHeader";
import { useView } from "./selection";
import { TaskList } from "./TaskList";

const route = getRouteApi("/runs/$runId");

/** A run: where it stands, what became of its tasks, and what can be done with it. */
export function RunPage() {
  const { runId } = route.useParams();
  const run = useQuery(runQuery(runId));
  const [view, show] = useView();
  if (run.error instanceof ApiError && run.error.status === 404) return <UnknownRun runId={runId} />;
  const name = run.data ? `${run.data.namespace}/${run.data.name}` : "Run";
  return (
    <Page title={`${name} ${runId}`} heading={name}>
      <QueryView query={run}>{(known) => <RunHeader run={known} />}</QueryView>
      <Tabs value={view} onChange={(chosen) => show(chosen as typeof view)} keepMounted={false}>
        <Tabs.List>
          <Tabs.Tab value="tasks">Tasks</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="tasks" pt="sm">
          <TaskList runId={runId} />
        </Tabs.Panel>
      </Tabs>
    </Page>
  );
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
