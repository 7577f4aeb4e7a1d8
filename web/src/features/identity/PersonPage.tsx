import { Group, SimpleGrid, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { api, got } from "@/api/client";
import type { Person } from "@/api/schema";
import { describePerson } from "@/features/session/people";
import { useMay, useMayEverywhere } from "@/features/session/permissions";
import { ConfirmButton } from "@/ui/ConfirmButton";
import { DialogButton } from "@/ui/DialogButton";
import { TextLink } from "@/ui/links";
import { Moment } from "@/ui/Moment";
import { Page } from "@/ui/Page";
import { QueryView } from "@/ui/QueryView";
import { Section } from "@/ui/Section";
import { useAction } from "@/ui/useAction";
import { BindingForm } from "./BindingForm";
import { GrantsTable } from "./GrantsTable";
import { AccountState } from "./PeoplePage";
import { RenameForm, ResetPasswordForm } from "./PersonForms";
import { PersonSessions } from "./PersonSessions";
import { grantsQuery, personQuery } from "./queries";

const route = getRouteApi("/administration/people/$personId");

/** An account: what is known of it, what the person may do and why, and what can be done with it. */
export function PersonPage() {
  const { personId } = route.useParams();
  const person = useQuery(personQuery(personId));
  return (
    <Page
      title={person.data ? describePerson(person.data) : "Account"}
      summary={<TextLink to="/administration/people">All people</TextLink>}
      actions={person.data && <Actions person={person.data} />}
    >
      <QueryView query={person}>{(found) => <Account person={found} />}</QueryView>
    </Page>
  );
}

function Account({ person }: { person: Person }) {
  const grants = useQuery(grantsQuery(person.person_id));
  const mayReadAudit = useMay()("audit.read");
  const mayWrite = useMay()("identity.write");
  return (
    <Stack>
      <Section
        title="Account"
        actions={
          mayReadAudit && (
            <TextLink to="/administration/audit" search={{ actor: person.person_id }} size="sm">
              What they did
            </TextLink>
          )
        }
      >
        <SimpleGrid cols={{ base: 2, lg: 4 }}>
          <Fact label="State">
            <AccountState person={person} />
            {person.disabled_at && (
              <Text size="xs" c="dimmed">
                <Moment at={person.disabled_at} />
              </Text>
            )}
          </Fact>
          <Fact label="Password">
            {person.has_password ? "has one" : "has none: signs in by a provider, if at all"}
          </Fact>
          <Fact label="Last sign-in">{person.last_sign_in_at ? <Moment at={person.last_sign_in_at} /> : "never"}</Fact>
          <Fact label="Made">
            <Moment at={person.created_at} />
          </Fact>
        </SimpleGrid>
      </Section>
      <Section
        title={`What can ${person.name} do?`}
        actions={
          mayWrite && (
            <DialogButton label="Give a role" title={`Give ${person.name} a role`} variant="default" size="xs">
              {(close) => <BindingForm subject={{ kind: "person", key: person.person_id }} onClose={close} />}
            </DialogButton>
          )
        }
      >
        {person.disabled_at && (
          <Text size="sm">While the account is disabled, nothing of this can be done with it.</Text>
        )}
        <QueryView query={grants}>{(found) => <GrantsTable grants={found} personId={person.person_id} />}</QueryView>
      </Section>
      <PersonSessions person={person} />
    </Stack>
  );
}

function Fact({ label, children }: { label: string; children: ReactNode }) {
  return (
    <Stack gap={0}>
      <Text size="xs" c="dimmed">
        {label}
      </Text>
      <Text size="sm" component="div">
        {children}
      </Text>
    </Stack>
  );
}

function Actions({ person }: { person: Person }) {
  const mayWrite = useMayEverywhere()("identity.write");
  const path = { params: { path: { person_id: person.person_id } } };
  const refresh = [["identity"]];
  const disable = useAction({
    run: () => got(api.POST("/api/v1/people/{person_id}/disable", path)),
    success: () => `${person.name} is disabled.`,
    refresh,
  });
  const enable = useAction({
    run: () => got(api.POST("/api/v1/people/{person_id}/enable", path)),
    success: () => `${person.name} can be used again.`,
    refresh,
  });
  if (!mayWrite) return null;
  return (
    <Group gap="xs">
      <DialogButton label="Rename" title={`Rename ${person.name}`} variant="default" size="xs">
        {(close) => <RenameForm person={person} onClose={close} />}
      </DialogButton>
      <DialogButton
        label={person.has_password ? "Reset the password" : "Give a password"}
        title={`A new password for ${person.name}`}
        variant="default"
        size="xs"
      >
        {(close) => <ResetPasswordForm person={person} onClose={close} />}
      </DialogButton>
      {person.disabled_at ? (
        <ConfirmButton
          label="Enable"
          title={`Enable ${person.name}?`}
          submit="Enable"
          isGrave={false}
          consequence="The account can be used again, with the roles and API tokens that it has. Sessions stay ended."
          action={enable}
        />
      ) : (
        <ConfirmButton
          label="Disable"
          title={`Disable ${person.name}?`}
          submit="Disable"
          consequence="Nothing can be done with the account any more: all its sessions end, and its API tokens are refused at once. Roles stay, and it can be enabled again. Runs that it started go on."
          action={disable}
        />
      )}
    </Group>
  );
}
