import { Code, Group, SimpleGrid, Stack, Text } from "@mantine/core";
import { IconCircleCheck } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import type { PageRunView } from "@/api/schema";
import { useMay } from "@/features/session/permissions";
import { describeLength, describeRate } from "@/lib/figures";
import { EmptyState } from "@/ui/EmptyState";
import { Figure } from "@/ui/Figure";
import { HourBars } from "@/ui/HourBars";
import { ButtonLink, TextLink } from "@/ui/links";
import { Page } from "@/ui/Page";
import { QueryView } from "@/ui/QueryView";
import { RunTable } from "@/ui/RunTable";
import { Section } from "@/ui/Section";
import { dayQuery, faultedQuery, readyQuery, SHOWN, suspendedQuery, underWayQuery, workflowsQuery } from "./queries";

/** What needs somebody now, how the engine is, and what the last day was like. */
export function HomePage() {
  const may = useMay();
  return (
    <Page title="Home" summary={<EngineHealth />}>
      {may("workflow.read") && <FirstSteps />}
      {may("run.read") ? (
        <>
          <NeedsMe />
          <LastDay />
          <UnderWay />
        </>
      ) : (
        <NoRole />
      )}
    </Page>
  );
}

function NoRole() {
  return (
    <EmptyState title="You have no role here yet">
      You are signed in, and may see nothing so far. Who administers this server can give you a role, in a namespace or
      everywhere.
    </EmptyState>
  );
}

function EngineHealth() {
  const ready = useQuery(readyQuery);
  if (ready.error) return <span role="status">The server cannot be reached.</span>;
  if (!ready.data) return <span role="status">Asking how the server is …</span>;
  const { status, version, trouble } = ready.data;
  const text = trouble ?? (status === "ok" ? "The engine is well." : `The server is ${status}.`);
  return (
    <span role="status">
      {text} Kapell {version}
    </span>
  );
}

function FirstSteps() {
  const workflows = useQuery(workflowsQuery);
  const may = useMay();
  if (workflows.data?.items.length !== 0) return null;
  return (
    <EmptyState title="No workflow has been published yet">
      <Stack gap={4} align="center">
        <span>
          A workflow is a text in the Open Workflow Specification: write one here, or publish a file with the command
          line:
        </span>
        <Code>kapell publish hello.yaml --server {window.location.origin}</Code>
        <span>
          A server that is started with <Code>kapell up --demo</Code> brings examples along, and runs of them.
        </span>
        {may("workflow.write") && (
          <ButtonLink to="/workflows/new" size="sm" mt="xs">
            Write a workflow
          </ButtonLink>
        )}
      </Stack>
    </EmptyState>
  );
}

function NeedsMe() {
  const faulted = useQuery(faultedQuery);
  const suspended = useQuery(suspendedQuery);
  const isCalm = faulted.data?.items.length === 0 && suspended.data?.items.length === 0;
  return (
    <Section title="Needs you now">
      {isCalm && (
        <Group gap="xs">
          <IconCircleCheck size={18} aria-hidden color="var(--mantine-color-teal-6)" />
          <Text size="sm">Nothing has faulted, and nothing is suspended.</Text>
        </Group>
      )}
      <QueryView query={faulted}>
        {(page) => <Some page={page} caption="Runs that faulted" status={["faulted", "damaged"]} />}
      </QueryView>
      <QueryView query={suspended}>
        {(page) => <Some page={page} caption="Runs that are suspended" status={["suspended"]} />}
      </QueryView>
    </Section>
  );
}

function UnderWay() {
  const underWay = useQuery(underWayQuery);
  return (
    <Section title="Under way">
      <QueryView query={underWay}>
        {(page) =>
          page.items.length === 0 ? (
            <Text size="sm" c="dimmed">
              No run is under way.
            </Text>
          ) : (
            <Some page={page} caption="Runs under way" status={["running", "waiting", "cancelling"]} />
          )
        }
      </QueryView>
    </Section>
  );
}

interface SomeProps {
  page: PageRunView;
  caption: string;
  status: ("faulted" | "damaged" | "suspended" | "running" | "waiting" | "cancelling")[];
}

function Some({ page, caption, status }: SomeProps) {
  if (page.items.length === 0) return null;
  return (
    <Stack gap={4}>
      <RunTable runs={page.items} caption={caption} />
      {page.next && (
        <TextLink to="/runs" search={{ status, top: true }} size="sm">
          There are more than these {SHOWN}: show all
        </TextLink>
      )}
    </Stack>
  );
}

function LastDay() {
  const tell = (figure: string | number) => `${figure} the day before`;
  const day = useQuery(dayQuery);
  return (
    <Section title="The last 24 hours">
      <QueryView query={day}>
        {(statistics) => (
          <Stack gap="sm">
            <SimpleGrid cols={{ base: 2, sm: 4 }}>
              <Figure
                label="Started"
                value={String(statistics.total.started)}
                before={tell(statistics.before.started)}
              />
              <Figure
                label="Succeeded"
                value={describeRate(statistics.total.success_rate)}
                before={tell(describeRate(statistics.before.success_rate))}
              />
              <Figure
                label="Faulted"
                value={String(statistics.total.faulted)}
                before={tell(statistics.before.faulted)}
              />
              <Figure
                label="Median time"
                value={describeLength(statistics.total.p50_seconds)}
                before={tell(describeLength(statistics.before.p50_seconds))}
              />
            </SimpleGrid>
            <HourBars buckets={statistics.buckets} caption="Runs that ended, by the hour" />
          </Stack>
        )}
      </QueryView>
    </Section>
  );
}
