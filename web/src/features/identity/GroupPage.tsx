import { Button, Group, Stack, Table, Text } from "@mantine/core";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { api, got } from "@/api/client";
import type { Person } from "@/api/schema";
import { PersonInput } from "@/features/session/PersonInput";
import { describePerson } from "@/features/session/people";
import { useMay, useMayEverywhere } from "@/features/session/permissions";
import { ConfirmButton } from "@/ui/ConfirmButton";
import { DataTable } from "@/ui/DataTable";
import { DialogButton } from "@/ui/DialogButton";
import { ErrorNotice } from "@/ui/ErrorNotice";
import { TextLink } from "@/ui/links";
import { Page } from "@/ui/Page";
import { PagedView } from "@/ui/PagedView";
import { Section } from "@/ui/Section";
import { useAction } from "@/ui/useAction";
import { BindingForm } from "./BindingForm";
import { BindingTable } from "./BindingTable";
import { AccountState } from "./PeoplePage";
import { bindingsQuery, groupsQuery, membersQuery } from "./queries";

const route = getRouteApi("/administration/groups/$group");

/** A group: who is in it, and what it may do. */
export function GroupPage() {
  const { group } = route.useParams();
  const groups = useQuery(groupsQuery);
  const description = groups.data?.find((each) => each.name === group)?.description;
  const mayWrite = useMayEverywhere()("identity.write");
  return (
    <Page
      title={`Group ${group}`}
      summary={
        <Group gap="md">
          {description}
          <TextLink to="/administration/groups">All groups</TextLink>
        </Group>
      }
      actions={mayWrite && <DeleteButton group={group} />}
    >
      <Members group={group} />
      <Roles group={group} />
    </Page>
  );
}

function Members({ group }: { group: string }) {
  const members = useInfiniteQuery(membersQuery(group));
  const mayWrite = useMayEverywhere()("identity.write");
  return (
    <Section title="Members">
      {mayWrite && <AddMember group={group} />}
      <PagedView query={members}>
        {(people) =>
          people.length === 0 ? (
            <Text size="sm" c="dimmed">
              Nobody is in this group.
            </Text>
          ) : (
            <DataTable
              caption={`Members of ${group}`}
              headings={["Person", "State", ...(mayWrite ? [".Actions"] : [])]}
              minWidth={300}
            >
              {people.map((person) => (
                <Table.Tr key={person.person_id}>
                  <Table.Td style={{ overflowWrap: "anywhere" }}>
                    <TextLink to="/administration/people/$personId" inherit params={{ personId: person.person_id }}>
                      {describePerson(person)}
                    </TextLink>
                  </Table.Td>
                  <Table.Td>
                    <AccountState person={person} />
                  </Table.Td>
                  {mayWrite && (
                    <Table.Td ta="right">
                      <RemoveButton group={group} person={person} />
                    </Table.Td>
                  )}
                </Table.Tr>
              ))}
            </DataTable>
          )
        }
      </PagedView>
    </Section>
  );
}

function AddMember({ group }: { group: string }) {
  const [personId, setPersonId] = useState("");
  const add = useAction({
    run: () =>
      got(
        api.PUT("/api/v1/groups/{name}/members/{person_id}", {
          params: { path: { name: group, person_id: personId } },
        }),
      ),
    success: () => `The person is in ${group} now.`,
    refresh: [
      ["identity", "members"],
      ["identity", "access"],
    ],
    onDone: () => setPersonId(""),
  });
  const send = (event: FormEvent) => {
    event.preventDefault();
    add.mutate();
  };
  return (
    <form onSubmit={send}>
      <Stack gap="xs">
        <Group align="flex-end" gap="xs">
          <PersonInput
            label="Put somebody into the group"
            description="The person gets what the group has, at once"
            value={personId}
            onChange={setPersonId}
            w={320}
          />
          <Button type="submit" disabled={personId === ""} loading={add.isPending}>
            Add
          </Button>
        </Group>
        {add.error && <ErrorNotice error={add.error} />}
      </Stack>
    </form>
  );
}

function RemoveButton({ group, person }: { group: string; person: Person }) {
  const remove = useAction({
    run: () =>
      got(
        api.DELETE("/api/v1/groups/{name}/members/{person_id}", {
          params: { path: { name: group, person_id: person.person_id } },
        }),
      ),
    success: () => `${person.name} is not in ${group} any more.`,
    refresh: [
      ["identity", "members"],
      ["identity", "access"],
    ],
  });
  return (
    <ConfirmButton
      label="Take out"
      name={`Take ${person.name} out`}
      title={`Take ${person.name} out of ${group}?`}
      submit="Take out"
      consequence="What the person may do only by this group is gone at once. Runs that they started go on."
      action={remove}
    />
  );
}

function Roles({ group }: { group: string }) {
  const bindings = useInfiniteQuery(bindingsQuery);
  const mayWrite = useMay()("identity.write");
  return (
    <Section
      title="Roles"
      actions={
        mayWrite && (
          <DialogButton label="Give a role" title={`Give ${group} a role`} variant="default" size="xs">
            {(close) => <BindingForm subject={{ kind: "group", key: group }} onClose={close} />}
          </DialogButton>
        )
      }
    >
      <PagedView query={bindings} more="Look at more bindings">
        {(found) => {
          const own = found.filter(({ subject }) => subject.kind === "group" && subject.key === group);
          if (own.length > 0) return <BindingTable bindings={own} caption={`Roles of ${group}`} />;
          return (
            <Text size="sm" c="dimmed">
              This group gives nothing: no role was given to it.
            </Text>
          );
        }}
      </PagedView>
    </Section>
  );
}

function DeleteButton({ group }: { group: string }) {
  const navigate = useNavigate();
  const remove = useAction({
    run: () => got(api.DELETE("/api/v1/groups/{name}", { params: { path: { name: group } } })),
    success: () => `The group ${group} is gone.`,
    refresh: [["identity", "groups"]],
    onDone: () => void navigate({ to: "/administration/groups" }),
  });
  return (
    <ConfirmButton
      label="Delete"
      title={`Delete the group ${group}?`}
      submit="Delete"
      consequence="It is refused while roles are given to the group: take its bindings away first. People stay."
      action={remove}
    />
  );
}
