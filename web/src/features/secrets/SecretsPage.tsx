import { Autocomplete, Group, Table, Text } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { api, got } from "@/api/client";
import type { SecretInfo } from "@/api/schema";
import { useNamespaces } from "@/features/session/namespaces";
import { useMay } from "@/features/session/permissions";
import { ConfirmButton } from "@/ui/ConfirmButton";
import { DataTable } from "@/ui/DataTable";
import { DialogButton } from "@/ui/DialogButton";
import { EmptyState } from "@/ui/EmptyState";
import { Moment } from "@/ui/Moment";
import { Page } from "@/ui/Page";
import { PagedView } from "@/ui/PagedView";
import { useAction } from "@/ui/useAction";
import { secretsQuery } from "./queries";
import { SecretForm } from "./SecretForm";

const route = getRouteApi("/administration/secrets");

/** The secrets: their names and how they are used, never what they are. */
export function SecretsPage() {
  const { namespace } = route.useSearch();
  const navigate = route.useNavigate();
  const namespaces = useNamespaces();
  const secrets = useInfiniteQuery(secretsQuery(namespace));
  const mayWrite = useMay()("secret.write");
  return (
    <Page
      title="Secrets"
      summary="A workflow names the secrets that it needs and never holds them. They can be put, replaced and deleted; nobody can read one back."
      actions={
        mayWrite && (
          <DialogButton label="New secret" title="New secret" leftSection={<IconPlus size={16} aria-hidden />}>
            {(close) => <SecretForm onClose={close} />}
          </DialogButton>
        )
      }
    >
      <Autocomplete
        label="Namespace"
        placeholder="All"
        data={namespaces}
        value={namespace ?? ""}
        onChange={(value) => void navigate({ search: { namespace: value || undefined }, replace: true })}
        maw={240}
        clearable
        clearButtonProps={{ "aria-label": "All namespaces" }}
      />
      <PagedView query={secrets}>
        {(found) =>
          found.length === 0 ? (
            <EmptyState title={namespace ? `${namespace} has no secrets` : "There are no secrets yet"}>
              A secret belongs to a namespace, and only its runs can read it: a workflow lists it under{" "}
              <code>use.secrets</code>, and a call reads it, such as <code>bearer: {"{ use: shopToken }"}</code>.
            </EmptyState>
          ) : (
            <SecretTable secrets={found} mayWrite={mayWrite} />
          )
        }
      </PagedView>
    </Page>
  );
}

function SecretTable({ secrets, mayWrite }: { secrets: SecretInfo[]; mayWrite: boolean }) {
  return (
    <DataTable
      caption="Secrets"
      headings={["Namespace", "Name", "Version", "Value put", "Last used by a run", ...(mayWrite ? [".Actions"] : [])]}
      minWidth={680}
    >
      {secrets.map((secret) => (
        <SecretRow key={`${secret.namespace}/${secret.name}`} secret={secret} hasActions={mayWrite} />
      ))}
    </DataTable>
  );
}

function SecretRow({ secret, hasActions }: { secret: SecretInfo; hasActions: boolean }) {
  const may = useMay();
  const { namespace, name, version, created_at, updated_at, updated_by_name, last_used_at } = secret;
  return (
    <Table.Tr>
      <Table.Td>{namespace}</Table.Td>
      <Table.Td style={{ overflowWrap: "anywhere" }}>{name}</Table.Td>
      <Table.Td>
        {version}
        {version > 1 && (
          <Text size="xs" c="dimmed">
            since <Moment at={created_at} />
          </Text>
        )}
      </Table.Td>
      <Table.Td>
        <Moment at={updated_at} />
        <Text size="xs" c="dimmed">
          by {updated_by_name}
        </Text>
      </Table.Td>
      <Table.Td>{last_used_at ? <Moment at={last_used_at} /> : "never"}</Table.Td>
      {hasActions && (
        <Table.Td>
          {may("secret.write", namespace) && (
            <Group gap={4} wrap="nowrap" justify="flex-end">
              <DialogButton
                label="Replace"
                name={`Replace ${namespace}/${name}`}
                title={`Another value for ${namespace}/${name}`}
                variant="default"
                size="xs"
              >
                {(close) => <SecretForm secret={secret} onClose={close} />}
              </DialogButton>
              <DeleteButton secret={secret} />
            </Group>
          )}
        </Table.Td>
      )}
    </Table.Tr>
  );
}

function DeleteButton({ secret: { namespace, name } }: { secret: SecretInfo }) {
  const remove = useAction({
    run: () => got(api.DELETE("/api/v1/secrets/{namespace}/{name}", { params: { path: { namespace, name } } })),
    success: () => `The secret ${namespace}/${name} is deleted.`,
    refresh: [["secrets"]],
  });
  return (
    <ConfirmButton
      label="Delete"
      name={`Delete ${namespace}/${name}`}
      title={`Delete the secret ${namespace}/${name}?`}
      submit="Delete"
      consequence="It is gone for good. A task that reads it later faults with an authorization error, in runs under way, too; attempts under way go on."
      action={remove}
    />
  );
}
