import { Autocomplete, Group, List, NativeSelect, Stack, Table, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import type { Holder } from "@/api/schema";
import { useNamespaces } from "@/features/session/namespaces";
import { useMayEverywhere } from "@/features/session/permissions";
import { DataTable } from "@/ui/DataTable";
import { EmptyState } from "@/ui/EmptyState";
import { TextLink } from "@/ui/links";
import { Page } from "@/ui/Page";
import { QueryView } from "@/ui/QueryView";
import { BindingReason } from "./GrantsTable";
import { holdersQuery } from "./queries";
import { usePermissions } from "./usePermissions";

const route = getRouteApi("/administration/who-can");

/** Everybody who may do something, and why. */
export function WhoCanPage() {
  const { permission = "run.start", namespace = "" } = route.useSearch();
  const navigate = route.useNavigate();
  const namespaces = useNamespaces();
  const { all } = usePermissions();
  const mayEverywhere = useMayEverywhere()("identity.read");
  const canAsk = mayEverywhere || namespace !== "";
  const holders = useQuery({ ...holdersQuery(permission, namespace || null), enabled: canAsk });
  const look = (changes: { permission?: string; namespace?: string }) =>
    void navigate({ search: (search) => ({ ...search, ...changes }), replace: true });
  return (
    <Page title="Who can do this?" summary="Everybody who has a permission, and the bindings that give it.">
      <Group align="flex-end" gap="sm">
        <NativeSelect
          label="Permission"
          data={
            all.length === 0 ? [permission] : all.map(({ name, text }) => ({ value: name, label: `${name}: ${text}` }))
          }
          value={permission}
          onChange={(event) => look({ permission: event.currentTarget.value })}
          w={420}
          maw="100%"
        />
        <Autocomplete
          label="Namespace"
          placeholder="Everywhere"
          data={namespaces}
          value={namespace}
          onChange={(value) => look({ namespace: value || undefined })}
          w={220}
          clearable
          clearButtonProps={{ "aria-label": "Everywhere" }}
        />
      </Group>
      {canAsk ? (
        <div aria-live="polite">
          <QueryView query={holders}>
            {(found) => <Holders holders={found} permission={permission} namespace={namespace} />}
          </QueryView>
        </div>
      ) : (
        <EmptyState title="Choose a namespace">You may see who has access in the namespaces that you have.</EmptyState>
      )}
    </Page>
  );
}

interface HoldersProps {
  holders: Holder[];
  permission: string;
  namespace: string;
}

function Holders({ holders, permission, namespace }: HoldersProps) {
  const place = namespace === "" ? "in all namespaces" : `in ${namespace}`;
  if (holders.length === 0) {
    return (
      <EmptyState title={`Nobody has ${permission} ${place}`}>
        {namespace === "" && "Somebody may have it in a single namespace: choose one."}
      </EmptyState>
    );
  }
  return (
    <Stack gap="xs">
      <Text size="sm">
        {holders.length === 1 ? "One person has" : `${holders.length} people have`} <b>{permission}</b> {place}. API
        tokens of theirs may have it, too.
      </Text>
      <DataTable caption={`Who has ${permission} ${place}`} headings={["Person", "By"]} minWidth={400}>
        {holders.map((holder) => (
          <Table.Tr key={holder.person_id}>
            <Table.Td style={{ overflowWrap: "anywhere", verticalAlign: "top" }}>
              <TextLink to="/administration/people/$personId" inherit params={{ personId: holder.person_id }}>
                {holder.name}
              </TextLink>
            </Table.Td>
            <Table.Td>
              <List size="sm" listStyleType="none">
                {holder.granted_by.map((binding) => (
                  <List.Item key={binding.binding_id}>
                    <BindingReason binding={binding} />
                  </List.Item>
                ))}
              </List>
            </Table.Td>
          </Table.Tr>
        ))}
      </DataTable>
    </Stack>
  );
}
