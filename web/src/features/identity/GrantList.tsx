import { Table, Text } from "@mantine/core";
import type { Grant } from "@/api/schema";
import { DataTable } from "@/ui/DataTable";
import { describePlaces } from "./permissions";
import { usePermissions } from "./usePermissions";

/** One's own permissions, and where one has them. */
export function GrantList({ grants }: { grants: Grant[] }) {
  const { describe, sort } = usePermissions();
  if (grants.length === 0) {
    return <Text size="sm">Nothing yet: ask an administrator for a role.</Text>;
  }
  const places = new Map(grants.map(({ permission, namespaces }) => [permission, namespaces]));
  return (
    <DataTable caption="What you may do" headings={["May", "Permission", "Where"]} minWidth={400}>
      {sort([...places.keys()]).map((permission) => (
        <Table.Tr key={permission}>
          <Table.Td>{describe(permission)}</Table.Td>
          <Table.Td ff="monospace">{permission}</Table.Td>
          <Table.Td>{describePlaces(places.get(permission))}</Table.Td>
        </Table.Tr>
      ))}
    </DataTable>
  );
}
