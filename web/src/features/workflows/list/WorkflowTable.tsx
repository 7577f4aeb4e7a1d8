import { Badge, Group, Stack, Table, Text, UnstyledButton } from "@mantine/core";
import { IconArchive, IconPencil } from "@tabler/icons-react";
import type { WorkflowSummary } from "@/api/schema";
import { describeLength } from "@/lib/figures";
import { TextLink } from "@/ui/links";
import { Moment } from "@/ui/Moment";
import { Prose } from "@/ui/Prose";
import { HealthBar } from "./HealthBar";
import { type Health, keyOf } from "./health";

interface WorkflowTableProps {
  workflows: WorkflowSummary[];
  /** `undefined` until it is known, or where the person may not see runs. */
  health: Map<string, Health> | undefined;
  showsHealth: boolean;
  onTag: (tag: string) => void;
}

/** Workflows, one a row: what each is, its newest version, and how its runs have fared. */
export function WorkflowTable({ workflows, health, showsHealth, onTag }: WorkflowTableProps) {
  return (
    <Table.ScrollContainer minWidth={showsHealth ? 880 : 480}>
      <Table aria-label="Workflows" highlightOnHover verticalSpacing="xs">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Workflow</Table.Th>
            <Table.Th w={150}>Newest version</Table.Th>
            {showsHealth && (
              <>
                <Table.Th w={230}>Success</Table.Th>
                <Table.Th w={100}>Median</Table.Th>
                <Table.Th w={120}>Slowest 5 %</Table.Th>
                <Table.Th w={120}>Last faulted</Table.Th>
              </>
            )}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {workflows.map((workflow) => {
            const its = health?.get(keyOf(workflow));
            return (
              <Table.Tr key={keyOf(workflow)}>
                <Table.Td>
                  <WorkflowCell workflow={workflow} onTag={onTag} />
                </Table.Td>
                <Table.Td>
                  <VersionCell workflow={workflow} />
                </Table.Td>
                {showsHealth && (
                  <>
                    <Table.Td>{health && <HealthBar figures={its?.figures} />}</Table.Td>
                    <Table.Td>{describeLength(its?.figures.p50_seconds)}</Table.Td>
                    <Table.Td>{describeLength(its?.figures.p95_seconds)}</Table.Td>
                    <Table.Td>
                      <LastFaulted health={its} />
                    </Table.Td>
                  </>
                )}
              </Table.Tr>
            );
          })}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function WorkflowCell({ workflow, onTag }: { workflow: WorkflowSummary; onTag: (tag: string) => void }) {
  const { namespace, name, title, summary, tags } = workflow;
  return (
    <Stack gap={2} style={{ overflowWrap: "anywhere" }}>
      <TextLink to="/workflows/$namespace/$name" params={{ namespace, name }} fw={600}>
        {namespace}/{name}
      </TextLink>
      {(title || summary) && (
        <Text size="xs" c="dimmed" lineClamp={2}>
          <Prose text={[title, summary].filter(Boolean).join(": ")} />
        </Text>
      )}
      <Group gap={4}>
        {Object.entries(tags).map(([key, value]) => {
          const text = `${key}: ${typeof value === "string" ? value : JSON.stringify(value)}`;
          return (
            <UnstyledButton
              key={key}
              onClick={() => onTag(typeof value === "string" ? value : key)}
              aria-label={`Show workflows with the tag ${text}`}
            >
              <Badge size="sm" variant="default" tt="none" fw={400} style={{ cursor: "pointer" }}>
                {text}
              </Badge>
            </UnstyledButton>
          );
        })}
      </Group>
    </Stack>
  );
}

function VersionCell({ workflow }: { workflow: WorkflowSummary }) {
  return (
    <Stack gap={4} align="flex-start">
      <Text size="sm">{workflow.newest ?? "none published"}</Text>
      {workflow.has_draft && (
        <Badge size="sm" variant="light" color="blue" tt="none" leftSection={<IconPencil size={12} aria-hidden />}>
          draft
        </Badge>
      )}
      {workflow.is_deprecated && (
        <Badge size="sm" variant="light" color="gray" tt="none" leftSection={<IconArchive size={12} aria-hidden />}>
          deprecated
        </Badge>
      )}
    </Stack>
  );
}

function LastFaulted({ health }: { health: Health | undefined }) {
  if (health?.lastFaulted) {
    const { run_id, ended_at, updated_at } = health.lastFaulted;
    return (
      <TextLink to="/runs/$runId" params={{ runId: run_id }} size="sm">
        <Moment at={ended_at ?? updated_at} />
      </TextLink>
    );
  }
  const bad = health ? health.figures.faulted + health.figures.damaged : 0;
  return (
    <Text size="sm" c="dimmed">
      {bad > 0 ? "mended" : "–"}
    </Text>
  );
}
