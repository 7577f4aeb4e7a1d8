import { Loader, Tabs } from "@mantine/core";
import { IconPlayerPlay } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { lazy, Suspense } from "react";
import { useMay } from "@/features/session/permissions";
import { EmptyState } from "@/ui/EmptyState";
import { ErrorNotice } from "@/ui/ErrorNotice";
import { ButtonLink, TextLink } from "@/ui/links";
import { Page } from "@/ui/Page";
import { TABS, type Tab } from "./address";
import { OverviewTab } from "./overview/OverviewTab";
import { summaryQuery } from "./queries";

const VersionsTab = lazy(async () => ({ default: (await import("./versions/VersionsTab")).VersionsTab }));
const EditTab = lazy(async () => ({ default: (await import("./editor/EditTab")).EditTab }));
const StartTab = lazy(async () => ({ default: (await import("./start/StartTab")).StartTab }));

const route = getRouteApi("/workflows/$namespace/$name");

const TAB_NAMES: Record<Tab, string> = { overview: "Overview", versions: "Versions", edit: "Edit", start: "Start" };

/** One workflow: how it fares, its versions, its text, and starting it. */
export function WorkflowPage() {
  const { namespace, name } = route.useParams();
  const { tab = "overview" } = route.useSearch();
  const navigate = route.useNavigate();
  const may = useMay();
  const summary = useQuery(summaryQuery(namespace, name));
  const isPublished = Boolean(summary.data?.newest);
  const canStart = may("run.start", namespace) && isPublished && !summary.data?.is_deprecated;
  const tabs = TABS.filter((each) => each !== "start" || canStart);
  return (
    <Page
      title={`${namespace}/${name}`}
      summary={summary.data?.title}
      actions={
        canStart &&
        tab !== "start" && (
          <ButtonLink
            to="/workflows/$namespace/$name"
            params={{ namespace, name }}
            search={{ tab: "start" }}
            leftSection={<IconPlayerPlay size={16} aria-hidden />}
          >
            Start
          </ButtonLink>
        )
      }
    >
      {summary.error && <ErrorNotice error={summary.error} onRetry={() => void summary.refetch()} />}
      {summary.isPending && !summary.error && <Loader size="sm" role="status" aria-label="Loading" />}
      {summary.data === null && <Unknown namespace={namespace} name={name} />}
      {summary.data && (
        <Tabs
          value={tab}
          onChange={(value) => void navigate({ search: { tab: readTab(value) } })}
          keepMounted={false}
          activateTabWithKeyboard={false}
        >
          <Tabs.List mb="md">
            {tabs.map((each) => (
              <Tabs.Tab key={each} value={each}>
                {each === "edit" && !may("workflow.write", namespace) ? "Text" : TAB_NAMES[each]}
              </Tabs.Tab>
            ))}
          </Tabs.List>
          <Suspense fallback={<Loader size="sm" role="status" aria-label="Loading" />}>
            <Tabs.Panel value="overview">
              <OverviewTab namespace={namespace} name={name} />
            </Tabs.Panel>
            <Tabs.Panel value="versions">
              <VersionsTab namespace={namespace} name={name} />
            </Tabs.Panel>
            <Tabs.Panel value="edit">
              <EditTab key={`${namespace}/${name}`} namespace={namespace} name={name} />
            </Tabs.Panel>
            <Tabs.Panel value="start">
              {canStart ? (
                <StartTab key={`${namespace}/${name}`} namespace={namespace} name={name} />
              ) : (
                <EmptyState title="No run of it can be started here">
                  This needs the permission <code>run.start</code>, and a version that is not deprecated.
                </EmptyState>
              )}
            </Tabs.Panel>
          </Suspense>
        </Tabs>
      )}
    </Page>
  );
}

function readTab(value: string | null): Tab | undefined {
  return TABS.find((each) => each === value && each !== "overview");
}

function Unknown({ namespace, name }: { namespace: string; name: string }) {
  return (
    <EmptyState title={`There is no workflow ${namespace}/${name}`}>
      It may have another name, or belong to a namespace that you may not see.{" "}
      <TextLink to="/workflows" search={{}} underline="always">
        All workflows
      </TextLink>
    </EmptyState>
  );
}
