import { Button, Code, Group, Stack, Text, UnstyledButton } from "@mantine/core";
import { IconAlertTriangle, IconCircleCheck, IconInfoCircle, IconX, type TablerIcon } from "@tabler/icons-react";
import type { Problem } from "@/api/schema";
import { Prose } from "@/ui/Prose";
import type { Fix, Mark } from "./problems";

const LOOKS: Record<Problem["severity"], { icon: TablerIcon; color: string; word: string }> = {
  error: { icon: IconX, color: "var(--mantine-color-red-6)", word: "Error" },
  warning: { icon: IconAlertTriangle, color: "var(--mantine-color-yellow-7)", word: "Warning" },
  info: { icon: IconInfoCircle, color: "var(--mantine-color-blue-6)", word: "Note" },
};

interface ProblemListProps {
  marks: Mark[] | null;
  onGo: (mark: Mark) => void;
  /** `undefined` where the text cannot be changed. */
  onFix: ((fix: Fix) => void) | undefined;
}

/** What the server says of the text, in its order; each leads to its place. */
export function ProblemList({ marks, onGo, onFix }: ProblemListProps) {
  if (marks === null) return <Text size="sm">Checking …</Text>;
  if (marks.length === 0) {
    return (
      <Group gap="xs" role="status">
        <IconCircleCheck size={18} aria-hidden color="var(--mantine-color-teal-6)" />
        <Text size="sm">No problems: this text could be published.</Text>
      </Group>
    );
  }
  return (
    <Stack gap={2}>
      <Text size="sm" role="status">
        {countThem(marks)}
      </Text>
      <ul style={{ listStyle: "none", margin: 0, padding: 0, maxHeight: 260, overflow: "auto" }}>
        {marks.map((mark) => {
          const { problem, fixes } = mark;
          const { icon: Icon, color, word } = LOOKS[problem.severity];
          return (
            <li key={`${problem.line}:${problem.column}:${problem.code}:${problem.message}`}>
              <Group gap="xs" wrap="nowrap" align="flex-start" py={4}>
                <Icon size={16} color={color} aria-label={word} style={{ flexShrink: 0, marginTop: 2 }} />
                <UnstyledButton onClick={() => onGo(mark)} style={{ flex: 1, minWidth: 0 }}>
                  <Text size="sm" style={{ overflowWrap: "anywhere" }}>
                    {problem.line ? `Line ${problem.line}: ` : ""}
                    <Prose text={problem.hint ? `${problem.message}. ${problem.hint}` : problem.message} />{" "}
                    <Code>{problem.code}</Code>
                  </Text>
                </UnstyledButton>
                {onFix &&
                  fixes.map((fix) => (
                    <Button key={fix.label} size="compact-xs" variant="light" onClick={() => onFix(fix)}>
                      {fix.label}
                    </Button>
                  ))}
              </Group>
            </li>
          );
        })}
      </ul>
    </Stack>
  );
}

function countThem(marks: Mark[]): string {
  const count = (severity: Problem["severity"]) => marks.filter((mark) => mark.problem.severity === severity).length;
  const parts = [
    [count("error"), "error"],
    [count("warning"), "warning"],
    [count("info"), "note"],
  ] as const;
  return parts
    .filter(([number]) => number > 0)
    .map(([number, word]) => `${number} ${word}${number === 1 ? "" : "s"}`)
    .join(", ");
}
