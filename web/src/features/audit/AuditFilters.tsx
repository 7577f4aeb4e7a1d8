import { Button, Group, NativeSelect, TextInput } from "@mantine/core";
import { getRouteApi } from "@tanstack/react-router";
import { useNamespaces } from "@/features/session/namespaces";
import { PersonInput } from "@/features/session/PersonInput";
import { fromField, toField } from "@/lib/fields";
import { TypedFilter } from "@/ui/TypedFilter";
import type { AuditSearch } from "./address";
import { listActions } from "./words";

const route = getRouteApi("/administration/audit");
const ACTIONS = listActions();

/** The filters of the log; they stand in the address. */
export function AuditFilters() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const namespaces = useNamespaces();
  const set = (changes: Partial<AuditSearch>) =>
    void navigate({ search: (before) => ({ ...before, ...changes }), replace: true });
  const { record: _, ...filters } = search;
  const isFiltered = Object.values(filters).some((value) => value !== undefined);
  return (
    <Group component="search" align="flex-end" gap="sm" className="no-print">
      <PersonInput
        label="Who"
        value={search.actor ?? ""}
        onChange={(actor) => set({ actor: actor || undefined })}
        w={200}
      />
      <TypedFilter
        label="Action"
        placeholder="Any; session.* for all of a kind"
        value={search.action}
        choices={ACTIONS}
        onChange={(action) => set({ action })}
        width={230}
      />
      <TypedFilter
        label="Target"
        placeholder="Any; person/* for all of a kind"
        value={search.target}
        onChange={(target) => set({ target })}
        width={230}
      />
      <TypedFilter
        label="Namespace"
        placeholder="Any"
        value={search.namespace}
        choices={namespaces}
        onChange={(namespace) => set({ namespace })}
        width={150}
      />
      <NativeSelect
        label="Decision"
        data={[
          { value: "", label: "any" },
          { value: "allowed", label: "allowed" },
          { value: "denied", label: "denied" },
        ]}
        value={search.decision ?? ""}
        onChange={(event) =>
          set({ decision: (event.currentTarget.value || undefined) as AuditSearch["decision"] | undefined })
        }
      />
      <TextInput
        type="datetime-local"
        label="From"
        value={toField(search.since)}
        onChange={(event) => set({ since: fromField(event.currentTarget.value) ?? undefined })}
      />
      <TextInput
        type="datetime-local"
        label="To"
        value={toField(search.until)}
        onChange={(event) => set({ until: fromField(event.currentTarget.value) ?? undefined })}
      />
      {isFiltered && (
        <Button variant="default" onClick={() => void navigate({ search: {} })}>
          Clear
        </Button>
      )}
    </Group>
  );
}
