import { Button, Group, SegmentedControl } from "@mantine/core";
import { IconStack2 } from "@tabler/icons-react";
import { getRouteApi } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { useMay } from "@/features/session/permissions";
import { EmptyState } from "@/ui/EmptyState";
import { TextLink } from "@/ui/links";
import { Page } from "@/ui/Page";
import { isRestricted, type RunFilters, type RunsSearch, readFilters } from "./address";
import { BulkDrawer } from "./BulkDrawer";
import { BulkTools } from "./BulkTools";
import { FilterBar } from "./FilterBar";
import { Histogram } from "./Histogram";
import { RunGrid } from "./RunGrid";
import { RunList } from "./RunList";
import { SavedViews } from "./SavedViews";
import { isEmpty, NOTHING } from "./selection";

const route = getRouteApi("/runs");

/** All runs that one may see: found by filters, shown over time and one by one, and given commands together. */
export function RunsPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const mayCommand = useMay()("run.control");
  const key = JSON.stringify(readFilters({ ...search }));
  const filters = useMemo((): RunFilters => JSON.parse(key), [key]);
  const change = (some: Partial<RunFilters>) =>
    void navigate({
      search: (before) => ({ ...before, ...some }),
      resetScroll: false,
      // What is typed letter by letter is one step back in the browser's history, not many.
      replace: "text" in some && filters.text !== undefined && some.text !== undefined,
    });
  const show = (what: Pick<RunsSearch, "view" | "bulk">) =>
    void navigate({ search: (before) => ({ ...before, ...what }), resetScroll: false });
  const isOneWorkflow = filters.namespace !== undefined && filters.name !== undefined;
  return (
    <Page
      title="Runs"
      actions={
        <Group gap="xs">
          <SavedViews search={search} />
          {mayCommand && <BulkButton onClick={() => show({ bulk: "recent" })} />}
        </Group>
      }
    >
      <FilterBar filters={filters} onChange={change} onClear={() => void navigate({ search: {} })} />
      <Histogram filters={filters} onChoose={change} />
      {isOneWorkflow && <ViewChoice view={search.view} onChange={(view) => show({ view })} />}
      {isOneWorkflow && search.view === "grid" ? (
        <RunGrid filters={filters} empty={<NoRuns filters={filters} />} />
      ) : (
        <Matches key={key} filters={filters} onStarted={(bulk) => show({ bulk })} />
      )}
      {mayCommand && <BulkDrawer shown={search.bulk} onShow={(bulk) => show({ bulk })} />}
    </Page>
  );
}

function BulkButton({ onClick }: { onClick: () => void }) {
  return (
    <Button size="xs" variant="default" leftSection={<IconStack2 size={14} aria-hidden />} onClick={onClick}>
      Bulk operations
    </Button>
  );
}

const VIEWS = [
  { value: "list", label: "List" },
  { value: "grid", label: "Runs by tasks" },
];

function ViewChoice({ view, onChange }: { view: "grid" | undefined; onChange: (view: "grid" | undefined) => void }) {
  return (
    <SegmentedControl
      size="xs"
      w="fit-content"
      aria-label="How the runs are shown"
      data={VIEWS}
      value={view ?? "list"}
      onChange={(chosen) => onChange(chosen === "grid" ? "grid" : undefined)}
    />
  );
}

/** The runs that match, and which of them are selected: another filter begins anew. */
function Matches({ filters, onStarted }: { filters: RunFilters; onStarted: (bulkId: string) => void }) {
  const may = useMay();
  const [selection, setSelection] = useState(NOTHING);
  return (
    <RunList
      filters={filters}
      selection={selection}
      onSelect={setSelection}
      isSelectable={may("run.control") || may("run.repair")}
      tools={
        isEmpty(selection) ? null : (
          <BulkTools filters={filters} selection={selection} onSelect={setSelection} onStarted={onStarted} />
        )
      }
      empty={<NoRuns filters={filters} />}
    />
  );
}

function NoRuns({ filters }: { filters: RunFilters }) {
  if (isRestricted(filters)) {
    return (
      <EmptyState title="No run matches">
        Take a filter away, or <TextLink to="/runs">show all runs</TextLink>.
      </EmptyState>
    );
  }
  return (
    <EmptyState title="No run has been started yet">
      A run is one execution of a workflow. Publish a workflow and start it: each run appears here by itself.
    </EmptyState>
  );
}
