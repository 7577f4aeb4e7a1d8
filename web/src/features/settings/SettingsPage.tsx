import { Checkbox, Code, Group, Table, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import type { SettingLine } from "@/api/schema";
import { DataTable } from "@/ui/DataTable";
import { EmptyState } from "@/ui/EmptyState";
import { Page } from "@/ui/Page";
import { Prose } from "@/ui/Prose";
import { QueryView } from "@/ui/QueryView";
import { SearchInput } from "@/ui/SearchInput";
import { settingsQuery } from "./queries";
import { describeSetting, describeSource, findSettings, isSet } from "./values";

const route = getRouteApi("/administration/settings");

/** The settings in force, and where each comes from. */
export function SettingsPage() {
  const { text = "", set = false } = route.useSearch();
  const navigate = route.useNavigate();
  const settings = useQuery(settingsQuery);
  const look = (changes: { text?: string; set?: boolean }) =>
    void navigate({ search: (before) => ({ ...before, ...changes }), replace: true });
  return (
    <Page
      title="Settings"
      summary="As they are in force. They are set where the server is started, by options, variables or a file, and read at its start."
    >
      <Group align="flex-end" gap="md">
        <SearchInput
          label="Find"
          placeholder="Part of a name, or of what it means"
          value={text}
          onChange={(found) => look({ text: found })}
          w={280}
        />
        <Checkbox
          label="Only what somebody has set"
          checked={set}
          onChange={(event) => look({ set: event.currentTarget.checked || undefined })}
          pb={8}
        />
      </Group>
      <QueryView query={settings}>{(lines) => <Lines lines={findSettings(lines, text, set)} />}</QueryView>
    </Page>
  );
}

function Lines({ lines }: { lines: SettingLine[] }) {
  if (lines.length === 0) return <EmptyState title="No setting matches" />;
  return (
    <DataTable
      caption="Settings in force"
      headings={["Setting", "In force", "From", "What it means"]}
      widths={{ "In force": 190, From: 170 }}
      minWidth={800}
    >
      {lines.map((line) => (
        <Table.Tr key={line.name} style={{ verticalAlign: "top" }}>
          <Table.Td>
            {line.name}
            <Text size="xs" c="dimmed" ff="monospace">
              {line.variable}
            </Text>
          </Table.Td>
          <Table.Td style={{ overflowWrap: "anywhere" }} maw={260}>
            <Code>{describeSetting(line.name, line.value)}</Code>
            {isSet(line) && describeSetting(line.name, line.default) !== describeSetting(line.name, line.value) && (
              <Text size="xs" c="dimmed">
                default: {describeSetting(line.name, line.default)}
              </Text>
            )}
          </Table.Td>
          <Table.Td fw={isSet(line) ? 600 : undefined} style={{ overflowWrap: "anywhere" }}>
            {describeSource(line)}
          </Table.Td>
          <Table.Td>
            <Prose text={line.description} />
          </Table.Td>
        </Table.Tr>
      ))}
    </DataTable>
  );
}
