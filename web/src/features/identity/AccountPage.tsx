import { Button, PasswordInput, Stack, Table, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconDeviceDesktop } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { api, got } from "@/api/client";
import type { Session } from "@/api/schema";
import { describePerson } from "@/features/session/people";
import { meQuery } from "@/features/session/queries";
import { placeError } from "@/lib/placement";
import { ConfirmButton } from "@/ui/ConfirmButton";
import { DataTable } from "@/ui/DataTable";
import { ErrorNotice } from "@/ui/ErrorNotice";
import { Moment } from "@/ui/Moment";
import { Page } from "@/ui/Page";
import { QueryView } from "@/ui/QueryView";
import { Section } from "@/ui/Section";
import { Sign } from "@/ui/Sign";
import { useAction } from "@/ui/useAction";
import { describeBrowser, findOwnSession } from "./browsers";
import { GrantList } from "./GrantList";
import { sessionsQuery } from "./queries";

/** One's own account: what one may do, the password, the sessions. */
export function AccountPage() {
  const { data: me } = useQuery(meQuery);
  return (
    <Page
      title="Your account"
      summary={
        me && `You are ${describePerson(me)}${me.groups.length > 0 ? `, in ${me.groups.join(", ")}` : ", in no group"}.`
      }
    >
      <Sessions />
      <Password />
      <Section title="What you may do">{me && <GrantList grants={me.grants} />}</Section>
    </Page>
  );
}

function Sessions() {
  const sessions = useQuery(sessionsQuery);
  return (
    <Section title="Where you are signed in">
      <QueryView query={sessions}>
        {(found) => {
          const own = findOwnSession(found, navigator.userAgent);
          return (
            <DataTable
              caption="Your sessions"
              headings={["Browser", "By", "From", "Began", "Last used", "Ends", ".Actions"]}
              minWidth={640}
            >
              {found.map((session) => (
                <SessionRow key={session.session_id} session={session} isOwn={session === own} />
              ))}
            </DataTable>
          );
        }}
      </QueryView>
    </Section>
  );
}

function SessionRow({ session, isOwn }: { session: Session; isOwn: boolean }) {
  const end = useAction({
    run: () =>
      got(api.DELETE("/api/v1/me/sessions/{session_id}", { params: { path: { session_id: session.session_id } } })),
    success: () => "The session is ended.",
    refresh: [sessionsQuery.queryKey],
  });
  const browser = describeBrowser(session.user_agent);
  return (
    <Table.Tr>
      <Table.Td title={session.user_agent} style={{ overflowWrap: "anywhere" }}>
        {browser} {isOwn && <Sign label="this one, it seems" icon={IconDeviceDesktop} color="lake" />}
      </Table.Td>
      <Table.Td>{session.method.replace(/^oidc:/, "provider ")}</Table.Td>
      <Table.Td>{session.address}</Table.Td>
      <Table.Td>
        <Moment at={session.created_at} />
      </Table.Td>
      <Table.Td>
        <Moment at={session.last_seen_at} />
      </Table.Td>
      <Table.Td>
        <Moment at={session.expires_at} />
      </Table.Td>
      <Table.Td ta="right">
        <ConfirmButton
          label="End"
          name={`End the session of ${browser} from ${session.address}`}
          title="End this session?"
          submit="End it"
          consequence={
            isOwn
              ? "It seems to be the session of this browser: you will have to sign in again."
              : "That browser is signed out at once."
          }
          action={end}
        />
      </Table.Td>
    </Table.Tr>
  );
}

function Password() {
  const queryClient = useQueryClient();
  const [current, setCurrent] = useState("");
  const [next, setNext] = useState("");
  const [again, setAgain] = useState("");
  const change = useMutation({
    mutationKey: ["sign-in", "password"],
    mutationFn: () => got(api.POST("/api/v1/me/password", { body: { current, new: next } })),
    onSuccess: () => {
      notifications.show({ message: "Your password is changed. Sign in with the new one.", color: "teal" });
      void queryClient.invalidateQueries({ queryKey: meQuery.queryKey });
    },
  });
  const { at, rest } = placeError(change.error, { next: /password/i });
  const differs = again !== "" && again !== next;
  const send = (event: FormEvent) => {
    event.preventDefault();
    change.mutate();
  };
  return (
    <Section title="Change your password">
      <form onSubmit={send}>
        <Stack gap="sm" maw={400}>
          <PasswordInput
            label="The password that you have"
            value={current}
            onChange={(event) => setCurrent(event.currentTarget.value)}
            autoComplete="current-password"
            visibilityToggleButtonProps={{ "aria-label": "Show the password that you have" }}
            required
          />
          <PasswordInput
            label="The new one"
            value={next}
            onChange={(event) => setNext(event.currentTarget.value)}
            error={at.next}
            autoComplete="new-password"
            visibilityToggleButtonProps={{ "aria-label": "Show the new password" }}
            required
          />
          <PasswordInput
            label="The new one again"
            value={again}
            onChange={(event) => setAgain(event.currentTarget.value)}
            error={differs ? "This is another one." : undefined}
            autoComplete="new-password"
            visibilityToggleButtonProps={{ "aria-label": "Show the new password again" }}
            required
          />
          <Text size="sm" c="dimmed">
            All your sessions end, this one too: you sign in again with the new password. API tokens stay.
          </Text>
          {rest ? <ErrorNotice error={rest} /> : null}
          <Button type="submit" loading={change.isPending} disabled={differs} style={{ alignSelf: "flex-start" }}>
            Change the password
          </Button>
        </Stack>
      </form>
    </Section>
  );
}
