import { List, Text } from "@mantine/core";
import type { RunTask, TaskAttempt } from "@/api/schema";
import { describeSeconds, secondsBetween } from "@/lib/time";
import { Moment } from "@/ui/Moment";
import { Prose } from "@/ui/Prose";
import { useNow } from "@/ui/useNow";

const SHOWN = 10;

/** The tries of a task, and what each of them waited for; the retries of a `try`. */
export function Attempts({ task }: { task: RunTask }) {
  const { attempts = [], retries = [], wait } = task;
  const now = useNow();
  return (
    <>
      {attempts.length > 0 && (
        <div>
          <Text size="sm" fw={600}>
            {attempts.length === 1 ? "One attempt" : `${attempts.length} attempts`}
          </Text>
          <List size="sm" spacing={2} listStyleType="none" withPadding={false}>
            {attempts.slice(-SHOWN).map((attempt) => (
              <List.Item key={attempt.number} style={{ overflowWrap: "anywhere" }}>
                {attempt.number}. {attempt.outcome}, {describeAttempt(attempt, now)}
                {attempt.error && `: ${attempt.error}`}
              </List.Item>
            ))}
          </List>
        </div>
      )}
      {retries.length > 0 && (
        <List size="sm" spacing={2} listStyleType="none" withPadding={false}>
          {retries.slice(-SHOWN).map((retry) => (
            <List.Item key={retry.number} style={{ overflowWrap: "anywhere" }}>
              Retry {retry.number} after {describeSeconds(retry.delay_seconds)}: {retry.error.title || retry.error.type}
            </List.Item>
          ))}
        </List>
      )}
      {wait && !wait.ended_at && (
        <Text size="sm">
          <Prose text={wait.text} /> <Moment at={wait.began_at} />
        </Text>
      )}
    </>
  );
}

function describeAttempt(attempt: TaskAttempt, now: Date): string {
  const whole = secondsBetween(attempt.created_at, attempt.ended_at, now);
  const working = attempt.started_at ? secondsBetween(attempt.started_at, attempt.ended_at, now) : null;
  if (working === null) return describeSeconds(Math.max(0, whole));
  const waiting = whole - working;
  const waited = waiting >= 0.05 ? `waited ${describeSeconds(waiting)}, ` : "";
  return `${waited}worked ${describeSeconds(Math.max(0, working))}`;
}
