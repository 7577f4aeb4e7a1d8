import { Button, PasswordInput, Stack, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconDeviceDesktop } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { api, got } from "@/api/client";
import type { Session } from "@/api/schema";
import { describePerson } from "@/features/session/people";
import { meQuery } from "@/features/session/queries";
import { placeError } from "@/lib/placement";
import { ErrorNotice } from "@/ui/ErrorNotice";
import { Page } from "@/ui/Page";
import { QueryView } from "@/ui/QueryView";
import { Section } from "@/ui/Section";
import { Sign } from "@/ui/Sign";
import { useAction } from "@/ui/useAction";
import { findOwnSession } from "./browsers";
import { GrantList } from "./GrantList";
import { sessionsQuery } from "./queries";
import { SessionRow, SessionTable } from "./SessionTable";

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
            <SessionTable caption="Your sessions">
              {found.map((session) => (
                <OwnSession key={session.session_id} session={session} isOwn={session === own} />
              ))}
            </SessionTable>
          );
        }}
      </QueryView>
    </Section>
  );
}

function OwnSession({ session, isOwn }: { session: Session; isOwn: boolean }) {
  const end = useAction({
    run: () =>
      got(api.DELETE("/api/v1/me/sessions/{session_id}", { params: { path: { session_id: session.session_id } } })),
    success: () => "The session is ended.",
    refresh: [sessionsQuery.queryKey],
  });
  return (
    <SessionRow
      session={session}
      sign={isOwn && <Sign label="this one, it seems" icon={IconDeviceDesktop} color="lake" />}
      consequence={
        isOwn
          ? "It seems to be the session of this browser: you will have to sign in again."
          : "That browser is signed out at once."
      }
      end={end}
    />
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
