import { getRouteApi } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { useMay } from "@/features/session/permissions";
import { EmptyState } from "@/ui/EmptyState";
import { TextLink } from "@/ui/links";
import { Page } from "@/ui/Page";
import { Section } from "@/ui/Section";
import { isRestricted, type RunFilters, readFilters } from "./address";
import { FilterBar } from "./FilterBar";
import { Histogram } from "./Histogram";
import { RunList } from "./RunList";
import { NOTHING } from "./selection";

const route = getRouteApi("/runs");

/** All runs that one may see: found by filters, shown over time and one by one, and given commands together. */
export function RunsPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const key = JSON.stringify(readFilters({ ...search }));
  const filters = useMemo((): RunFilters => JSON.parse(key), [key]);
  const change = (some: Partial<RunFilters>) =>
    void navigate({
      search: (before) => ({ ...before, ...some }),
      resetScroll: false,
      // What is typed letter by letter is one step back in the browser's history, not many.
      replace: "text" in some && filters.text !== undefined && some.text !== undefined,
    });
  return (
    <Page title="Runs">
      <Section title="Which runs">
        <FilterBar filters={filters} onChange={change} onClear={() => void navigate({ search: {} })} />
        <Histogram filters={filters} onChoose={change} />
      </Section>
      <Matches key={key} filters={filters} />
    </Page>
  );
}

/** The runs that match, and which of them are selected: another filter begins anew. */
function Matches({ filters }: { filters: RunFilters }) {
  const may = useMay();
  const [selection, setSelection] = useState(NOTHING);
  return (
    <RunList
      filters={filters}
      selection={selection}
      onSelect={setSelection}
      isSelectable={may("run.control") || may("run.repair")}
      tools={null}
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
