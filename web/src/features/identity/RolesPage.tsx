import { Group, Stack, Table, Text } from "@mantine/core";
import { IconLock, IconPlus } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { api, got } from "@/api/client";
import type { Role } from "@/api/schema";
import { useMayEverywhere } from "@/features/session/permissions";
import { ConfirmButton } from "@/ui/ConfirmButton";
import { DataTable } from "@/ui/DataTable";
import { DialogButton } from "@/ui/DialogButton";
import { Page } from "@/ui/Page";
import { QueryView } from "@/ui/QueryView";
import { Section } from "@/ui/Section";
import { Sign } from "@/ui/Sign";
import { useAction } from "@/ui/useAction";
import { PermissionList } from "./PermissionList";
import { rolesQuery } from "./queries";
import { RoleForm } from "./RoleForm";
import { usePermissions } from "./usePermissions";

/** The roles: what each is for, and what it permits. */
export function RolesPage() {
  const roles = useQuery(rolesQuery);
  const mayWrite = useMayEverywhere()("identity.write");
  return (
    <Page
      title="Roles"
      summary="A role is a named set of permissions; bindings give it to people and groups."
      actions={
        mayWrite && (
          <DialogButton
            label="New role"
            title="New role"
            dialogSize="lg"
            leftSection={<IconPlus size={16} aria-hidden />}
          >
            {(close) => <RoleForm onClose={close} />}
          </DialogButton>
        )
      }
    >
      <QueryView query={roles}>
        {(found) => (
          <Stack>
            <DataTable
              caption="Roles"
              headings={["Role", "What it is for", "Permissions", ...(mayWrite ? [".Actions"] : [])]}
              widths={{ "What it is for": 220 }}
              minWidth={780}
            >
              {found.map((role) => (
                <RoleRow key={role.name} role={role} mayWrite={mayWrite} />
              ))}
            </DataTable>
            <Section title="What each permission allows">
              <PermissionList />
            </Section>
          </Stack>
        )}
      </QueryView>
    </Page>
  );
}

function RoleRow({ role, mayWrite }: { role: Role; mayWrite: boolean }) {
  const { sort } = usePermissions();
  const remove = useAction({
    run: () => got(api.DELETE("/api/v1/roles/{name}", { params: { path: { name: role.name } } })),
    success: () => `The role ${role.name} is gone.`,
    refresh: [["identity", "roles"]],
  });
  return (
    <Table.Tr>
      <Table.Td>
        <Group gap={6} wrap="nowrap">
          {role.name}
          {role.is_built_in && <Sign label="built in" icon={IconLock} />}
        </Group>
      </Table.Td>
      <Table.Td style={{ overflowWrap: "anywhere" }}>{role.description}</Table.Td>
      <Table.Td>
        <Text size="xs" ff="monospace">
          {sort(role.permissions).join(", ")}
        </Text>
      </Table.Td>
      {mayWrite && (
        <Table.Td>
          {!role.is_built_in && (
            <Group gap={4} wrap="nowrap" justify="flex-end">
              <DialogButton
                label="Change"
                name={`Change the role ${role.name}`}
                title={`The role ${role.name}`}
                dialogSize="lg"
                variant="default"
                size="xs"
              >
                {(close) => <RoleForm role={role} onClose={close} />}
              </DialogButton>
              <ConfirmButton
                label="Delete"
                name={`Delete the role ${role.name}`}
                title={`Delete the role ${role.name}?`}
                submit="Delete"
                consequence="It is refused while a binding gives it: take those away first."
                action={remove}
              />
            </Group>
          )}
        </Table.Td>
      )}
    </Table.Tr>
  );
}
