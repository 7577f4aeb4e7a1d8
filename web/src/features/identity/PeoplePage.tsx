import { Table, Text } from "@mantine/core";
import { IconBan, IconPlus } from "@tabler/icons-react";
import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import type { Person } from "@/api/schema";
import { useMayEverywhere } from "@/features/session/permissions";
import { DataTable } from "@/ui/DataTable";
import { DialogButton } from "@/ui/DialogButton";
import { EmptyState } from "@/ui/EmptyState";
import { TextLink } from "@/ui/links";
import { Moment } from "@/ui/Moment";
import { Page } from "@/ui/Page";
import { PagedView } from "@/ui/PagedView";
import { SearchInput } from "@/ui/SearchInput";
import { Sign } from "@/ui/Sign";
import { CreatePersonForm } from "./PersonForms";
import { peopleQuery } from "./queries";

const route = getRouteApi("/administration/people");

/** The accounts. */
export function PeoplePage() {
  const { search = "" } = route.useSearch();
  const navigate = route.useNavigate();
  const people = useInfiniteQuery(peopleQuery(search));
  const mayWrite = useMayEverywhere()("identity.write");
  return (
    <Page
      title="People"
      summary="Accounts are never deleted, so that the audit log keeps its meaning: they are disabled."
      actions={
        mayWrite && (
          <DialogButton label="New account" title="New account" leftSection={<IconPlus size={16} aria-hidden />}>
            {(close) => <CreatePersonForm onClose={close} />}
          </DialogButton>
        )
      }
    >
      <SearchInput
        label="Find"
        placeholder="Part of a name"
        maw={320}
        value={search}
        onChange={(text) => void navigate({ search: { search: text }, replace: true })}
      />
      <PagedView query={people}>
        {(found) =>
          found.length === 0 ? (
            <EmptyState title="Nobody is called so">Names are found by any part of them.</EmptyState>
          ) : (
            <DataTable caption="Accounts" headings={["Name", "Called", "State", "Signs in by", "Last sign-in", "Made"]}>
              {found.map((person) => (
                <PersonRow key={person.person_id} person={person} />
              ))}
            </DataTable>
          )
        }
      </PagedView>
    </Page>
  );
}

function PersonRow({ person }: { person: Person }) {
  return (
    <Table.Tr>
      <Table.Td style={{ overflowWrap: "anywhere" }}>
        <TextLink to="/administration/people/$personId" inherit params={{ personId: person.person_id }}>
          {person.name}
        </TextLink>
      </Table.Td>
      <Table.Td style={{ overflowWrap: "anywhere" }}>{person.display_name}</Table.Td>
      <Table.Td>
        <AccountState person={person} />
      </Table.Td>
      <Table.Td>{person.has_password ? "password" : "a provider, or tokens only"}</Table.Td>
      <Table.Td>{person.last_sign_in_at ? <Moment at={person.last_sign_in_at} /> : "never"}</Table.Td>
      <Table.Td>
        <Moment at={person.created_at} />
      </Table.Td>
    </Table.Tr>
  );
}

/** Whether an account can be used. */
export function AccountState({ person }: { person: Person }) {
  if (!person.disabled_at) return <Text size="sm">in use</Text>;
  return <Sign label="disabled" icon={IconBan} />;
}
