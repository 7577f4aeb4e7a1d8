import { Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { api, got } from "@/api/client";
import type { Person, Session } from "@/api/schema";
import { useMayEverywhere } from "@/features/session/permissions";
import { meQuery } from "@/features/session/queries";
import { ConfirmButton } from "@/ui/ConfirmButton";
import { QueryView } from "@/ui/QueryView";
import { Section } from "@/ui/Section";
import { useAction } from "@/ui/useAction";
import { sessionsOfQuery } from "./queries";
import { SessionRow, SessionTable } from "./SessionTable";

/** Where a person is signed in, and signing them out. */
export function PersonSessions({ person }: { person: Person }) {
  const sessions = useQuery(sessionsOfQuery(person.person_id));
  const isMe = useQuery(meQuery).data?.principal_id === person.person_id;
  const mayEnd = useMayEverywhere()("identity.write");
  const count = sessions.data?.length ?? 0;
  return (
    <Section
      title={`Where ${person.name} is signed in`}
      actions={mayEnd && count > 0 && <EndAll person={person} count={count} isMe={isMe} />}
    >
      <QueryView query={sessions}>
        {(found) =>
          found.length === 0 ? (
            <Text size="sm">Nowhere. API tokens that {person.name} has made work without a session.</Text>
          ) : (
            <SessionTable caption={`Sessions of ${person.name}`} canEnd={mayEnd}>
              {found.map((session) => (
                <Row key={session.session_id} session={session} mayEnd={mayEnd} isMe={isMe} />
              ))}
            </SessionTable>
          )
        }
      </QueryView>
    </Section>
  );
}

function Row({ session, mayEnd, isMe }: { session: Session; mayEnd: boolean; isMe: boolean }) {
  const { person_id, session_id } = session;
  const end = useAction({
    run: () =>
      got(
        api.DELETE("/api/v1/people/{person_id}/sessions/{session_id}", { params: { path: { person_id, session_id } } }),
      ),
    success: () => "The session is ended.",
    refresh: [sessionsOfQuery(person_id).queryKey],
  });
  const consequence = isMe
    ? "That browser is signed out at once; if it is this one, you will have to sign in again."
    : "That browser is signed out at once. Roles and API tokens stay.";
  return <SessionRow session={session} consequence={consequence} end={mayEnd ? end : undefined} />;
}

function EndAll({ person, count, isMe }: { person: Person; count: number; isMe: boolean }) {
  const { person_id, name } = person;
  const endAll = useAction({
    run: () => got(api.DELETE("/api/v1/people/{person_id}/sessions", { params: { path: { person_id } } })),
    success: ({ ended }) => `${ended} ${ended === 1 ? "session" : "sessions"} of ${name} ended.`,
    refresh: [sessionsOfQuery(person_id).queryKey],
  });
  const who = isMe ? "You are" : `${name} is`;
  const what = count === 1 ? "the browser that is signed in" : `all ${count} browsers that are signed in`;
  return (
    <ConfirmButton
      label="End all sessions"
      title={`End all sessions of ${name}?`}
      submit="End them all"
      consequence={`${who} signed out at once in ${what}, and may sign in again. API tokens stay: revoke those that are not to be used.`}
      action={endAll}
    />
  );
}
