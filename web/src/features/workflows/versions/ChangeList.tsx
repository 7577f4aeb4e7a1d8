import { Code, List, Stack, Table, Text, ThemeIcon } from "@mantine/core";
import { IconArrowsMoveVertical, IconMinus, IconPencil, IconPlus, type TablerIcon } from "@tabler/icons-react";
import type { Change } from "@/api/schema";
import { Prose } from "@/ui/Prose";
import { describeValue, type Sign, signOf } from "./changes";

const LOOKS: Record<Sign, { icon: TablerIcon; color: string }> = {
  added: { icon: IconPlus, color: "teal" },
  removed: { icon: IconMinus, color: "red" },
  moved: { icon: IconArrowsMoveVertical, color: "blue" },
  changed: { icon: IconPencil, color: "yellow" },
};

/** What differs between two versions, task by task, in sentences. */
export function ChangeList({ changes }: { changes: Change[] }) {
  if (changes.length === 0) {
    return (
      <Text size="sm">
        They mean the same: nothing but spaces, comments, or what the workflow says about itself differs.
      </Text>
    );
  }
  return (
    <List listStyleType="none" spacing="xs" center={false}>
      {changes.map((change) => {
        const { icon: Icon, color } = LOOKS[signOf(change)];
        return (
          <List.Item
            key={`${change.kind} ${change.before} ${change.after} ${change.text}`}
            icon={
              <ThemeIcon size={20} variant="light" color={color} aria-hidden>
                <Icon size={14} />
              </ThemeIcon>
            }
            styles={{ itemWrapper: { alignItems: "flex-start", width: "100%" }, itemLabel: { flex: 1, minWidth: 0 } }}
          >
            <Stack gap={4}>
              <Text size="sm" style={{ overflowWrap: "anywhere" }}>
                <Prose text={change.text} />
              </Text>
              {change.fields && change.fields.length > 0 && <Fields fields={change.fields} />}
            </Stack>
          </List.Item>
        );
      })}
    </List>
  );
}

function Fields({ fields }: { fields: NonNullable<Change["fields"]> }) {
  return (
    <Table withTableBorder verticalSpacing={2} layout="fixed">
      <Table.Thead>
        <Table.Tr>
          <Table.Th w="24%">Field</Table.Th>
          <Table.Th>Before</Table.Th>
          <Table.Th>After</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {fields.map((field) => (
          <Table.Tr key={field.pointer}>
            <Table.Td style={{ overflowWrap: "anywhere" }}>
              <Code>{field.pointer || "/"}</Code>
            </Table.Td>
            <Value value={field.before} />
            <Value value={field.after} />
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}

function Value({ value }: { value: unknown }) {
  return (
    <Table.Td style={{ overflowWrap: "anywhere" }}>
      {value === undefined ? (
        <Text size="sm" c="dimmed" fs="italic">
          absent
        </Text>
      ) : (
        <Text size="sm" ff="monospace" lineClamp={6}>
          {describeValue(value)}
        </Text>
      )}
    </Table.Td>
  );
}
