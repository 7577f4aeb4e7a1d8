import { Table, Text } from "@mantine/core";
import { IconCheck } from "@tabler/icons-react";
import type { Role } from "@/api/schema";
import { PERMISSIONS, sortPermissions } from "./permissions";

/** Every permission with what it allows, and which roles have it. */
export function PermissionMatrix({ roles }: { roles: Role[] }) {
  const all = sortPermissions([
    ...new Set([...Object.keys(PERMISSIONS), ...roles.flatMap((role) => role.permissions)]),
  ]);
  return (
    <Table.ScrollContainer minWidth={560 + roles.length * 40}>
      <Table verticalSpacing={4}>
        <caption className="mantine-visually-hidden">Permissions by role</caption>
        <Table.Thead>
          <Table.Tr>
            <Table.Th scope="col">Permission</Table.Th>
            <Table.Th scope="col">What it allows</Table.Th>
            {roles.map((role) => (
              <Table.Th key={role.name} scope="col" fz="xs">
                {role.name}
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {all.map((permission) => (
            <Table.Tr key={permission}>
              <Table.Th scope="row" fw={400}>
                <Text size="sm" ff="monospace">
                  {permission}
                </Text>
              </Table.Th>
              <Table.Td>{PERMISSIONS[permission]}</Table.Td>
              {roles.map((role) => (
                <Table.Td key={role.name}>
                  {role.permissions.includes(permission) ? (
                    <IconCheck size={16} role="img" aria-label="yes" />
                  ) : (
                    <span className="mantine-visually-hidden">no</span>
                  )}
                </Table.Td>
              ))}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}
