import { Group, NativeSelect, Select, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useNamespaces } from "@/features/session/namespaces";
import { useMay } from "@/features/session/permissions";
import type { ReportSearch } from "./address";
import { PERIODS, type PeriodName } from "./periods";
import { versionsQuery, workflowsQuery } from "./queries";

interface ReportFiltersProps {
  search: ReportSearch;
  onChange: (changes: ReportSearch) => void;
  /** Whether only one workflow is looked at, and all of its versions. */
  isOfOne?: boolean;
}

/** The period and whose runs are meant; all of it stands in the address. */
export function ReportFilters({ search, onChange, isOfOne = false }: ReportFiltersProps) {
  const { period = "week", from = "", to = "" } = search;
  return (
    <Group component="search" align="flex-end" gap="sm" className="no-print">
      <NativeSelect
        label="Period"
        data={Object.entries(PERIODS).map(([value, label]) => ({ value, label }))}
        value={period}
        onChange={(event) =>
          onChange({ period: event.currentTarget.value as PeriodName, from: undefined, to: undefined })
        }
      />
      {period === "own" && (
        <>
          <TextInput
            type="date"
            label="From"
            value={from}
            onChange={(event) => onChange({ from: event.currentTarget.value || undefined })}
          />
          <TextInput
            type="date"
            label="To"
            value={to}
            onChange={(event) => onChange({ to: event.currentTarget.value || undefined })}
          />
        </>
      )}
      {!isOfOne && <NamespaceFilter search={search} onChange={onChange} />}
      <WorkflowFilter search={search} onChange={onChange} isRequired={isOfOne} />
      {!isOfOne && search.name && <VersionFilter search={search} onChange={onChange} />}
    </Group>
  );
}

function NamespaceFilter({ search, onChange }: ReportFiltersProps) {
  const namespaces = useNamespaces();
  const { namespace } = search;
  const known = namespace && !namespaces.includes(namespace) ? [namespace, ...namespaces] : namespaces;
  return (
    <NativeSelect
      label="Namespace"
      data={[{ value: "", label: "All" }, ...known]}
      value={namespace ?? ""}
      onChange={(event) =>
        onChange({ namespace: event.currentTarget.value || undefined, name: undefined, version: undefined })
      }
    />
  );
}

function WorkflowFilter({ search, onChange, isRequired }: ReportFiltersProps & { isRequired: boolean }) {
  const may = useMay();
  const workflows = useQuery({ ...workflowsQuery, enabled: may("workflow.read") });
  const { namespace, name } = search;
  const chosen = namespace && name ? `${namespace}/${name}` : null;
  const found = (workflows.data ?? [])
    .filter((each) => isRequired || !namespace || each.namespace === namespace)
    .map((each) => `${each.namespace}/${each.name}`);
  return (
    <Select
      label="Workflow"
      placeholder={isRequired ? "Choose one" : "All"}
      data={chosen && !found.includes(chosen) ? [chosen, ...found] : found}
      value={chosen}
      onChange={(value) => {
        const [newNamespace, newName] = value?.split("/") ?? [isRequired ? undefined : namespace];
        onChange({ namespace: newNamespace, name: newName, version: undefined });
      }}
      searchable
      clearable={!isRequired}
      clearButtonProps={{ "aria-label": "All workflows" }}
      nothingFoundMessage="No workflow is called so"
      w={260}
    />
  );
}

function VersionFilter({ search: { namespace = "", name = "", version }, onChange }: ReportFiltersProps) {
  const may = useMay();
  const versions = useQuery({ ...versionsQuery(namespace, name), enabled: may("workflow.read", namespace) });
  const known = versions.data ?? [];
  return (
    <NativeSelect
      label="Version"
      data={[{ value: "", label: "All" }, ...(version && !known.includes(version) ? [version, ...known] : known)]}
      value={version ?? ""}
      onChange={(event) => onChange({ version: event.currentTarget.value || undefined })}
    />
  );
}
