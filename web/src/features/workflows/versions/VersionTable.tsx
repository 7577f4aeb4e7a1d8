import { ActionIcon, Badge, Menu, Stack, Table, Text, VisuallyHidden } from "@mantine/core";
import { IconArchive, IconArchiveOff, IconDots, IconGitCompare, IconPencil, IconPlayerPlay } from "@tabler/icons-react";
import { getRouteApi } from "@tanstack/react-router";
import { useState } from "react";
import type { SubjectFigures, WorkflowVersion } from "@/api/schema";
import { useMay } from "@/features/session/permissions";
import { TextLink } from "@/ui/links";
import { Moment } from "@/ui/Moment";
import { Prose } from "@/ui/Prose";
import { HealthBar } from "../list/HealthBar";
import { DeprecationDialog } from "./DeprecationDialog";

const route = getRouteApi("/workflows/$namespace/$name");

interface VersionTableProps {
  versions: WorkflowVersion[];
  /** The figures of the last 30 days; `undefined` until they are known, or where the person may not see runs. */
  subjects: SubjectFigures[] | undefined;
}

/** The versions of a workflow, the highest first. */
export function VersionTable({ versions, subjects }: VersionTableProps) {
  const [chosen, setChosen] = useState<WorkflowVersion | null>(null);
  return (
    <>
      <Table.ScrollContainer minWidth={subjects ? 780 : 560}>
        <Table aria-label="Versions, the highest first" verticalSpacing="xs" highlightOnHover>
          <Table.Thead>
            <Table.Tr>
              <Table.Th w={150}>Version</Table.Th>
              <Table.Th w={150}>Published</Table.Th>
              <Table.Th>Note</Table.Th>
              {subjects && (
                <>
                  <Table.Th w={90}>Started</Table.Th>
                  <Table.Th w={200}>In 30 days</Table.Th>
                </>
              )}
              <Table.Th w={48}>
                <VisuallyHidden>Actions</VisuallyHidden>
              </Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {versions.map((version) => {
              const figures = subjects?.find((subject) => subject.version === version.version)?.figures;
              return (
                <Table.Tr key={version.version}>
                  <Table.Td>
                    <Name version={version} />
                  </Table.Td>
                  <Table.Td>
                    <Text size="sm">
                      <Moment at={version.published_at} />
                    </Text>
                    <Text size="xs" c="dimmed" style={{ overflowWrap: "anywhere" }}>
                      by {version.published_by_name}
                    </Text>
                  </Table.Td>
                  <Table.Td style={{ overflowWrap: "anywhere" }}>
                    <Prose text={version.note} />
                    {version.deprecation && (
                      <Text size="xs" c="dimmed">
                        Deprecated by {version.deprecation.by_name} <Moment at={version.deprecation.at} />
                        {version.deprecation.reason && `: ${version.deprecation.reason}`}
                      </Text>
                    )}
                  </Table.Td>
                  {subjects && (
                    <>
                      <Table.Td>
                        <TextLink
                          to="/runs"
                          search={{ namespace: version.namespace, name: version.name, version: version.version }}
                          size="sm"
                        >
                          {figures?.started ?? 0}
                          <VisuallyHidden> runs of version {version.version}</VisuallyHidden>
                        </TextLink>
                      </Table.Td>
                      <Table.Td>
                        <HealthBar figures={figures} />
                      </Table.Td>
                    </>
                  )}
                  <Table.Td>
                    <VersionMenu version={version} onDeprecation={() => setChosen(version)} />
                  </Table.Td>
                </Table.Tr>
              );
            })}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      {chosen && <DeprecationDialog version={chosen} onClose={() => setChosen(null)} />}
    </>
  );
}

function Name({ version }: { version: WorkflowVersion }) {
  return (
    <Stack gap={2} align="flex-start">
      <Text size="sm" fw={600}>
        {version.version}
      </Text>
      {version.deprecation && (
        <Badge size="sm" variant="light" color="gray" tt="none" leftSection={<IconArchive size={12} aria-hidden />}>
          deprecated
        </Badge>
      )}
    </Stack>
  );
}

function VersionMenu({ version, onDeprecation }: { version: WorkflowVersion; onDeprecation: () => void }) {
  const navigate = route.useNavigate();
  const may = useMay();
  const { namespace } = version;
  const go = (search: { tab?: "start" | "edit" | "versions"; version?: string; old?: string; new?: string }) =>
    void navigate({ search });
  const canStart = may("run.start", namespace) && version.deprecation === null;
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" aria-label={`Actions on version ${version.version}`}>
          <IconDots size={16} aria-hidden />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {canStart && (
          <Menu.Item
            leftSection={<IconPlayerPlay size={16} aria-hidden />}
            onClick={() => go({ tab: "start", version: version.version })}
          >
            Start a run of it
          </Menu.Item>
        )}
        <Menu.Item
          leftSection={<IconPencil size={16} aria-hidden />}
          onClick={() => go({ tab: "edit", version: version.version })}
        >
          {may("workflow.write", namespace) ? "Show its text, or begin a draft with it" : "Show its text"}
        </Menu.Item>
        <Menu.Item
          leftSection={<IconGitCompare size={16} aria-hidden />}
          onClick={() => go({ tab: "versions", new: version.version })}
        >
          Compare it with the one before
        </Menu.Item>
        {may("workflow.publish", namespace) && (
          <Menu.Item
            leftSection={
              version.deprecation ? <IconArchiveOff size={16} aria-hidden /> : <IconArchive size={16} aria-hidden />
            }
            onClick={onDeprecation}
          >
            {version.deprecation ? "Let it start again …" : "Deprecate it …"}
          </Menu.Item>
        )}
      </Menu.Dropdown>
    </Menu>
  );
}
