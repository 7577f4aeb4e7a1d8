import { Code, Group, Stack, Text } from "@mantine/core";
import { IconMinus, IconPencil, IconPlus } from "@tabler/icons-react";
import { useMemo } from "react";
import { Section } from "@/ui/Section";
import { describePath } from "@/ui/treeRows";
import classes from "./compare.module.css";
import { type Change, findDifference } from "./difference";

const MOST_TEXT = 2_000;
const KINDS = {
  added: ["only in the second", IconPlus],
  removed: ["only in the first", IconMinus],
  changed: ["different", IconPencil],
} as const;

/** What differs between a value of one run and the same of the other. */
export function DataDifference({ title, before, after }: { title: string; before: unknown; after: unknown }) {
  const { changes, isCut } = useMemo(() => findDifference(before ?? null, after ?? null), [before, after]);
  const isNothing = (before ?? null) === null && (after ?? null) === null;
  return (
    <Section title={title}>
      {changes.length === 0 ? (
        <Text size="sm" c="dimmed">
          {isNothing ? "There is none in either." : "The same in both."}
        </Text>
      ) : (
        <Stack gap={4}>
          {changes.map((change) => (
            <ChangeRow key={JSON.stringify(change.path)} change={change} />
          ))}
          {isCut && (
            <Text size="sm" c="dimmed">
              There are more: these are the first {changes.length}.
            </Text>
          )}
        </Stack>
      )}
    </Section>
  );
}

function ChangeRow({ change }: { change: Change }) {
  const [text, Icon] = KINDS[change.kind];
  return (
    <div className={classes.change}>
      <div className={classes.name}>
        <Code>{describePath(change.path)}</Code>
        <Group gap={4} className={classes.kind}>
          <Icon size={13} aria-hidden />
          {text}
        </Group>
      </div>
      <Value value={change.before} isMissing={change.kind === "added"} label="First" />
      <Value value={change.after} isMissing={change.kind === "removed"} label="Second" />
    </div>
  );
}

function Value({ value, isMissing, label }: { value: unknown; isMissing: boolean; label: string }) {
  if (isMissing) return <span className={classes.kind}>{label}: not there</span>;
  const text = JSON.stringify(value, null, 2) ?? "null";
  return (
    <div>
      <span className={classes.kind}>{label}</span>
      <Code block className={classes.value}>
        {text.length > MOST_TEXT ? `${text.slice(0, MOST_TEXT)} …` : text}
      </Code>
    </div>
  );
}
