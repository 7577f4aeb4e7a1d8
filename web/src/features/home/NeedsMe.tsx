import { Group, Stack, Text, Title } from "@mantine/core";
import { IconAlarm, IconCircleCheck, IconPlayerPause, IconX, type TablerIcon } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import type { OverdueRun } from "@/api/schema";
import { describeSeconds } from "@/lib/time";
import { Prose } from "@/ui/Prose";
import { QueryView } from "@/ui/QueryView";
import { RunTable } from "@/ui/RunTable";
import { Section } from "@/ui/Section";
import { MoreRuns } from "./MoreRuns";
import { BAD, faultedQuery, overdueQuery, SHOWN, suspendedQuery, whySuspendedQuery } from "./queries";
import { describeOverdue } from "./sentences";

/** Runs that do not go on unless somebody does something, and such as take much longer than usual. */
export function NeedsMe() {
  const faulted = useQuery(faultedQuery);
  const suspended = useQuery(suspendedQuery);
  const overdue = useQuery(overdueQuery);
  const counts = [faulted, suspended, overdue].map((query) => query.data?.items.length);
  return (
    <Section title="Needs you now">
      {counts.every((count) => count === 0) && (
        <Group gap="xs" wrap="nowrap">
          <IconCircleCheck size={18} aria-hidden color="var(--mantine-color-teal-6)" style={{ flex: "none" }} />
          <Text size="sm">
            Nothing has faulted, nothing waits for somebody to resume it, and nothing takes longer than usual.
          </Text>
        </Group>
      )}
      <QueryView query={faulted}>
        {({ items, next }) =>
          items.length > 0 && (
            <Kind icon={IconX} title="Faulted" advice="Open one to see what went wrong, and to retry or skip it.">
              <RunTable runs={items} caption="Runs that faulted" />
              {next && <MoreRuns search={{ status: [...BAD], top: true }} />}
            </Kind>
          )
        }
      </QueryView>
      <QueryView query={overdue}>
        {({ items, has_more }) =>
          items.length > 0 && (
            <Kind
              icon={IconAlarm}
              title="Long overdue"
              advice="They take more than twice as long as runs of their workflow have taken in the last 30 days."
            >
              <Overdue items={items} />
              {has_more && (
                <Text size="sm" c="dimmed">
                  There are more than these {SHOWN}.
                </Text>
              )}
            </Kind>
          )
        }
      </QueryView>
      <QueryView query={suspended}>
        {({ items, next }) =>
          items.length > 0 && (
            <Kind
              icon={IconPlayerPause}
              title="Suspended"
              advice="They go on when somebody resumes them, and not before."
            >
              <RunTable
                runs={items}
                caption="Runs that are suspended"
                note={({ run_id }) => <WhySuspended runId={run_id} />}
              />
              {next && <MoreRuns search={{ status: ["suspended"], top: true }} />}
            </Kind>
          )
        }
      </QueryView>
    </Section>
  );
}

interface KindProps {
  icon: TablerIcon;
  title: string;
  /** What to do about them. */
  advice: string;
  children: ReactNode;
}

function Kind({ icon: Icon, title, advice, children }: KindProps) {
  return (
    <Stack gap={4}>
      <Group gap={6} wrap="nowrap" align="baseline">
        <Icon size={14} aria-hidden style={{ flex: "none", alignSelf: "center" }} />
        <Title order={3} size="sm" style={{ whiteSpace: "nowrap" }}>
          {title}
        </Title>
        <Text size="xs" c="dimmed">
          {advice}
        </Text>
      </Group>
      {children}
    </Stack>
  );
}

function Overdue({ items }: { items: OverdueRun[] }) {
  const known = new Map(items.map((each) => [each.run.run_id, each]));
  return (
    <RunTable
      runs={items.map(({ run }) => run)}
      caption="Runs that are long overdue"
      note={({ run_id }) => {
        const found = known.get(run_id);
        return found && describeOverdue(found, describeSeconds);
      }}
    />
  );
}

function WhySuspended({ runId }: { runId: string }) {
  const why = useQuery(whySuspendedQuery(runId));
  return why.data ? <Prose text={why.data} /> : null;
}
