import { Table, TextInput } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { api, got } from "@/api/client";
import { useMayEverywhere } from "@/features/session/permissions";
import { placeError } from "@/lib/placement";
import { DataTable } from "@/ui/DataTable";
import { DialogButton } from "@/ui/DialogButton";
import { DialogForm } from "@/ui/DialogForm";
import { EmptyState } from "@/ui/EmptyState";
import { TextLink } from "@/ui/links";
import { Moment } from "@/ui/Moment";
import { Page } from "@/ui/Page";
import { QueryView } from "@/ui/QueryView";
import { useAction } from "@/ui/useAction";
import { groupsQuery } from "./queries";

/** The local groups. */
export function GroupsPage() {
  const groups = useQuery(groupsQuery);
  const mayWrite = useMayEverywhere()("identity.write");
  return (
    <Page
      title="Groups"
      summary="Give roles to groups rather than to people: who joins has them, who leaves has them no more. Groups that a sign-in provider claims are not listed; bindings name them as provider:group."
      actions={
        mayWrite && (
          <DialogButton label="New group" title="New group" leftSection={<IconPlus size={16} aria-hidden />}>
            {(close) => <CreateGroupForm onClose={close} />}
          </DialogButton>
        )
      }
    >
      <QueryView query={groups}>
        {(found) =>
          found.length === 0 ? (
            <EmptyState title="There is no group yet">
              Make one for a team, put people into it, and give it a role in the namespaces that it works in.
            </EmptyState>
          ) : (
            <DataTable caption="Groups" headings={["Name", "What for", "Made"]} minWidth={400}>
              {found.map(({ name, description, created_at }) => (
                <Table.Tr key={name}>
                  <Table.Td style={{ overflowWrap: "anywhere" }}>
                    <TextLink to="/administration/groups/$group" inherit params={{ group: name }}>
                      {name}
                    </TextLink>
                  </Table.Td>
                  <Table.Td style={{ overflowWrap: "anywhere" }}>{description}</Table.Td>
                  <Table.Td>
                    <Moment at={created_at} />
                  </Table.Td>
                </Table.Tr>
              ))}
            </DataTable>
          )
        }
      </QueryView>
    </Page>
  );
}

function CreateGroupForm({ onClose }: { onClose: () => void }) {
  const navigate = useNavigate();
  const [name, setName] = useState("");
  const [description, setDescription] = useState("");
  const create = useAction({
    run: () => got(api.POST("/api/v1/groups", { body: { name, description } })),
    success: (group) => `The group ${group.name} is made.`,
    refresh: [groupsQuery.queryKey],
    onDone: (group) => {
      onClose();
      void navigate({ to: "/administration/groups/$group", params: { group: group.name } });
    },
  });
  const { at, rest } = placeError(create.error, { description: /description/i, name: /group|name/i });
  return (
    <DialogForm
      submit="Make the group"
      consequence="It is empty and gives nothing until people and roles are added."
      isPending={create.isPending}
      error={rest}
      onSubmit={() => create.mutate()}
      onCancel={onClose}
    >
      <TextInput
        label="Name"
        description="Small letters, digits and . _ -"
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
        error={at.name}
        data-autofocus
        required
      />
      <TextInput
        label="What for"
        value={description}
        onChange={(event) => setDescription(event.currentTarget.value)}
        error={at.description}
      />
    </DialogForm>
  );
}
