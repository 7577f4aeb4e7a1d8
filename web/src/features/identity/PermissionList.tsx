import { Table } from "@mantine/core";
import { DataTable } from "@/ui/DataTable";
import { TextLink } from "@/ui/links";
import { usePermissions } from "./usePermissions";

/** Every permission with what it allows, and a way to who has it. */
export function PermissionList() {
  const { all } = usePermissions();
  return (
    <DataTable caption="Permissions" headings={["Permission", "What it allows", ".Who has it"]} minWidth={420}>
      {all.map(({ name: permission, text }) => (
        <Table.Tr key={permission}>
          <Table.Td ff="monospace">{permission}</Table.Td>
          <Table.Td>{text}</Table.Td>
          <Table.Td ta="right">
            <TextLink
              to="/administration/who-can"
              search={{ permission }}
              inherit
              aria-label={`Who can do this: ${permission}?`}
              style={{ whiteSpace: "nowrap" }}
            >
              Who can?
            </TextLink>
          </Table.Td>
        </Table.Tr>
      ))}
    </DataTable>
  );
}
