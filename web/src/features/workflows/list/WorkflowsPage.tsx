import { Button, Group, SegmentedControl, Select, TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { IconPlus, IconSearch } from "@tabler/icons-react";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { useMay } from "@/features/session/permissions";
import { PERIOD_NAMES, PERIODS, readPeriod } from "@/lib/periods";
import { EmptyState } from "@/ui/EmptyState";
import { ErrorNotice } from "@/ui/ErrorNotice";
import { ButtonLink, TextLink } from "@/ui/links";
import { Page } from "@/ui/Page";
import type { ListSearch } from "../address";
import { healthQuery, namespacesQuery, workflowsQuery } from "../queries";
import { WorkflowTable } from "./WorkflowTable";

const route = getRouteApi("/workflows");

/** All workflows, and how they fare. */
export function WorkflowsPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const may = useMay();
  const showsHealth = may("run.read");
  const period = search.period ?? "24h";
  const workflows = useInfiniteQuery(workflowsQuery(search));
  const health = useQuery({ ...healthQuery(period), enabled: showsHealth });
  const found = workflows.data?.pages.flatMap((page) => page.items) ?? [];
  const change = (changed: ListSearch) =>
    void navigate({ search: (before) => ({ ...before, ...changed }), replace: true });
  return (
    <Page
      title="Workflows"
      summary="The automations that can be run: their versions, and how their runs have fared"
      actions={
        may("workflow.write") && (
          <ButtonLink to="/workflows/new" leftSection={<IconPlus size={16} aria-hidden />}>
            New workflow
          </ButtonLink>
        )
      }
    >
      <Filters search={search} onChange={change} showsPeriod={showsHealth} />
      {workflows.error && <ErrorNotice error={workflows.error} onRetry={() => void workflows.refetch()} />}
      {health.error && <ErrorNotice error={health.error} onRetry={() => void health.refetch()} />}
      {workflows.isSuccess && found.length === 0 && <Nothing isFiltered={Boolean(search.text || search.namespace)} />}
      {found.length > 0 && (
        <WorkflowTable
          workflows={found}
          health={health.data}
          showsHealth={showsHealth}
          onTag={(text) => change({ text })}
        />
      )}
      {workflows.hasNextPage && (
        <Button
          variant="default"
          onClick={() => void workflows.fetchNextPage()}
          loading={workflows.isFetchingNextPage}
          style={{ alignSelf: "flex-start" }}
        >
          Show more workflows
        </Button>
      )}
    </Page>
  );
}

interface FiltersProps {
  search: ListSearch;
  onChange: (changed: ListSearch) => void;
  showsPeriod: boolean;
}

function Filters({ search, onChange, showsPeriod }: FiltersProps) {
  const [text, setText] = useState(search.text ?? "");
  const namespaces = useQuery(namespacesQuery);
  const searchLater = useDebouncedCallback((value: string) => onChange({ text: value.trim() || undefined }), 250);
  useEffect(() => {
    // A space that has just been typed is not taken away again.
    setText((typed) => (typed.trim() === (search.text ?? "") ? typed : (search.text ?? "")));
  }, [search.text]);
  return (
    <Group gap="sm" align="flex-end">
      <TextInput
        label="Search"
        placeholder="Name, title, summary or tag"
        leftSection={<IconSearch size={16} aria-hidden />}
        value={text}
        onChange={(event) => {
          setText(event.currentTarget.value);
          searchLater(event.currentTarget.value);
        }}
        w={{ base: "100%", xs: 280 }}
      />
      <Select
        label="Namespace"
        placeholder="All"
        data={namespaces.data ?? (search.namespace ? [search.namespace] : [])}
        value={search.namespace ?? null}
        onChange={(value) => onChange({ namespace: value ?? undefined })}
        clearable
        searchable
        clearButtonProps={{ "aria-label": "All namespaces" }}
        nothingFoundMessage="No such namespace"
        w={{ base: "100%", xs: 200 }}
      />
      {showsPeriod && (
        <SegmentedControl
          aria-label="Period of the figures"
          data={PERIODS.map((value) => ({ value, label: PERIOD_NAMES[value] }))}
          value={search.period ?? "24h"}
          onChange={(value) => onChange({ period: value === "24h" ? undefined : readPeriod(value) })}
        />
      )}
    </Group>
  );
}

function Nothing({ isFiltered }: { isFiltered: boolean }) {
  const may = useMay();
  if (isFiltered) {
    return (
      <EmptyState title="No workflow matches">
        <TextLink to="/workflows" search={{}} underline="always">
          Show all workflows
        </TextLink>
      </EmptyState>
    );
  }
  return (
    <EmptyState title="There are no workflows yet">
      A workflow is a text that says which tasks are done, in which order, and what happens when one fails.{" "}
      {may("workflow.write") && (
        <TextLink to="/workflows/new" underline="always">
          Begin one from a template.
        </TextLink>
      )}
    </EmptyState>
  );
}
