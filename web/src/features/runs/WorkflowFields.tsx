import { useQuery } from "@tanstack/react-query";
import { useMay } from "@/features/session/permissions";
import type { FilterProps } from "./FilterBar";
import { FilterText } from "./FilterText";
import { versionsQuery, workflowsQuery } from "./queries";

/** Which workflow: its namespace, name and version, each with suggestions that fit the others. */
export function WorkflowFields({ filters, onChange }: FilterProps) {
  const { namespace, name, version } = filters;
  const isKnown = useMay()("workflow.read");
  const workflows = useQuery({ ...workflowsQuery, enabled: isKnown });
  const versions = useQuery({
    ...versionsQuery(namespace ?? "", name ?? ""),
    enabled: isKnown && namespace !== undefined && name !== undefined,
    retry: false,
  });
  const known = workflows.data?.items ?? [];
  const names = known.filter((each) => namespace === undefined || each.namespace === namespace);
  return (
    <>
      <FilterText
        label="Namespace"
        value={namespace}
        suggestions={distinct(known.map((each) => each.namespace))}
        onChange={(value) => onChange({ namespace: value, name: undefined, version: undefined })}
      />
      <FilterText
        label="Workflow"
        value={name}
        suggestions={distinct(names.map((each) => each.name))}
        onChange={(value) => {
          const same = names.filter((each) => each.name === value);
          const only = namespace === undefined && same.length === 1 ? same[0]?.namespace : namespace;
          onChange({ namespace: only, name: value, version: undefined });
        }}
      />
      <FilterText
        label="Version"
        value={version}
        width={100}
        suggestions={versions.data?.items.map((each) => each.version) ?? []}
        onChange={(value) => onChange({ version: value })}
      />
    </>
  );
}

function distinct(texts: string[]): string[] {
  return [...new Set(texts)];
}
