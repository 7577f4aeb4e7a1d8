import { Button, Group } from "@mantine/core";
import { getRouteApi } from "@tanstack/react-router";
import { useNamespaces } from "@/features/session/namespaces";
import { TypedFilter } from "@/ui/TypedFilter";
import { type EventFilters, filtersOf, isFiltered } from "./address";

const route = getRouteApi("/events");

/** The filters of the list; they stand in the address. */
export function EventFilterBar() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const namespaces = useNamespaces();
  const set = (changes: EventFilters) =>
    void navigate({ search: (before) => ({ ...before, ...changes }), replace: true });
  return (
    <Group component="search" align="flex-end" gap="sm" className="no-print">
      <TypedFilter
        label="Namespace"
        placeholder="Any"
        value={search.namespace}
        choices={namespaces}
        onChange={(namespace) => set({ namespace })}
        width={150}
      />
      <TypedFilter label="Type" placeholder="Any" value={search.type} onChange={(type) => set({ type })} width={240} />
      <TypedFilter
        label="Source"
        placeholder="Any"
        value={search.source}
        onChange={(source) => set({ source })}
        width={180}
      />
      <TypedFilter
        label="Subject"
        placeholder="Any"
        value={search.subject}
        onChange={(subject) => set({ subject })}
        width={150}
      />
      <TypedFilter label="Id" placeholder="Any" value={search.id} onChange={(id) => set({ id })} width={150} />
      {search.via && (
        <TypedFilter
          label="Sent by"
          placeholder="Any"
          value={search.via}
          onChange={(via) => set({ via })}
          width={280}
        />
      )}
      {isFiltered(filtersOf(search)) && (
        <Button
          variant="default"
          onClick={() => void navigate({ search: ({ live }) => (live ? { live } : {}), replace: true })}
        >
          Clear
        </Button>
      )}
    </Group>
  );
}
