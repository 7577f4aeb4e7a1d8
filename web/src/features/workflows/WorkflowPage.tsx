import { Loader, Tabs } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { lazy, Suspense } from "react";
import { EmptyState } from "@/ui/EmptyState";
import { ErrorNotice } from "@/ui/ErrorNotice";
import { TextLink } from "@/ui/links";
import { Page } from "@/ui/Page";
import { TABS, type Tab } from "./address";
import { OverviewTab } from "./overview/OverviewTab";
import { draftQuery, versionsQuery } from "./queries";

const VersionsTab = lazy(async () => ({ default: (await import("./versions/VersionsTab")).VersionsTab }));

const route = getRouteApi("/workflows/$namespace/$name");

const TAB_NAMES: Record<Tab, string> = { overview: "Overview", versions: "Versions" };

/** One workflow: how it fares, its versions, its text, and starting it. */
export function WorkflowPage() {
  const { namespace, name } = route.useParams();
  const { tab = "overview" } = route.useSearch();
  const navigate = route.useNavigate();
  const versions = useQuery(versionsQuery(namespace, name));
  const draft = useQuery(draftQuery(namespace, name));
  const isKnown = (versions.data?.length ?? 0) > 0 || Boolean(draft.data);
  const isSettled = versions.isFetched && draft.isFetched;
  const newest = versions.data?.find((version) => version.deprecation === null) ?? versions.data?.[0];
  return (
    <Page title={`${namespace}/${name}`} summary={newest?.title || newest?.summary}>
      {versions.error && <ErrorNotice error={versions.error} onRetry={() => void versions.refetch()} />}
      {draft.error && <ErrorNotice error={draft.error} onRetry={() => void draft.refetch()} />}
      {!isSettled && <Loader size="sm" aria-label="Loading" />}
      {isSettled && !isKnown && !versions.error && <Unknown namespace={namespace} name={name} />}
      {isSettled && isKnown && (
        <Tabs
          value={tab}
          onChange={(value) => void navigate({ search: { tab: readTab(value) } })}
          keepMounted={false}
          activateTabWithKeyboard={false}
        >
          <Tabs.List mb="md">
            {TABS.map((each) => (
              <Tabs.Tab key={each} value={each}>
                {TAB_NAMES[each]}
              </Tabs.Tab>
            ))}
          </Tabs.List>
          <Suspense fallback={<Loader size="sm" aria-label="Loading" />}>
            <Tabs.Panel value="overview">
              <OverviewTab namespace={namespace} name={name} />
            </Tabs.Panel>
            <Tabs.Panel value="versions">
              <VersionsTab namespace={namespace} name={name} />
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
      <TextLink to="/workflows" search={{}}>
        All workflows
      </TextLink>
    </EmptyState>
  );
}
