import { Button, List, Table, Text } from "@mantine/core";
import { useQueries } from "@tanstack/react-query";
import { useState } from "react";
import type { Binding, Grant } from "@/api/schema";
import { DataTable } from "@/ui/DataTable";
import { ErrorNotice } from "@/ui/ErrorNotice";
import { Moment } from "@/ui/Moment";
import { describePlaces } from "./permissions";
import { holdersQuery } from "./queries";
import { usePermissions } from "./usePermissions";

/** What a person may do, and where; why, for who asks. */
export function GrantsTable({ grants, personId }: { grants: Grant[]; personId: string }) {
  const { sort } = usePermissions();
  if (grants.length === 0) {
    return <Text size="sm">Nothing: no role was given to this person, or to a group that the person is in.</Text>;
  }
  const byName = new Map(grants.map((grant) => [grant.permission, grant]));
  return (
    <DataTable caption="Permissions of this person" headings={["May", "Permission", "Where", "Why"]}>
      {sort([...byName.keys()]).map((permission) => (
        <GrantRow
          key={permission}
          permission={permission}
          namespaces={byName.get(permission)?.namespaces ?? null}
          personId={personId}
        />
      ))}
    </DataTable>
  );
}

interface GrantRowProps {
  permission: string;
  namespaces: string[] | null;
  personId: string;
}

function GrantRow({ permission, namespaces, personId }: GrantRowProps) {
  const [isAsked, setIsAsked] = useState(false);
  const { describe } = usePermissions();
  return (
    <Table.Tr>
      <Table.Td>{describe(permission)}</Table.Td>
      <Table.Td>
        <Text size="sm" ff="monospace">
          {permission}
        </Text>
      </Table.Td>
      <Table.Td>{describePlaces(namespaces)}</Table.Td>
      <Table.Td aria-live="polite">
        {isAsked ? (
          <Reasons permission={permission} namespaces={namespaces} personId={personId} />
        ) : (
          <Button
            size="compact-xs"
            variant="default"
            onClick={() => setIsAsked(true)}
            aria-label={`Why ${permission}?`}
          >
            Why?
          </Button>
        )}
      </Table.Td>
    </Table.Tr>
  );
}

function Reasons({ permission, namespaces, personId }: GrantRowProps) {
  const answers = useQueries({
    queries: (namespaces ?? [null]).map((namespace) => holdersQuery(permission, namespace)),
  });
  const error = answers.find((each) => each.error)?.error;
  if (error) return <ErrorNotice error={error} />;
  if (answers.some((each) => each.isPending)) return <Text size="sm">Asking …</Text>;
  const bindings = new Map<string, Binding>();
  for (const { data = [] } of answers) {
    const holder = data.find((each) => each.person_id === personId);
    for (const binding of holder?.granted_by ?? []) bindings.set(binding.binding_id, binding);
  }
  if (bindings.size === 0) return <Text size="sm">No binding gives it any more.</Text>;
  return (
    <List size="sm" listStyleType="none" spacing={2}>
      {[...bindings.values()].map((binding) => (
        <List.Item key={binding.binding_id}>
          <BindingReason binding={binding} />
        </List.Item>
      ))}
    </List>
  );
}

/** A binding as a reason: which role, to whom, where. */
export function BindingReason({ binding }: { binding: Binding }) {
  const { role, subject, namespace, expires_at } = binding;
  return (
    <span>
      role <b>{role}</b>, {subject.kind === "group" ? `by the group ${subject.key}` : "given to the person"},{" "}
      {namespace ? `in ${namespace}` : "everywhere"}
      {expires_at && (
        <>
          , until <Moment at={expires_at} />
        </>
      )}
    </span>
  );
}
