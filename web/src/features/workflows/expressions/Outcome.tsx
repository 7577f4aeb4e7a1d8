import { Alert, Code, Stack, Text } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import type { Evaluated } from "@/api/schema";
import { Prose } from "@/ui/Prose";
import { pointAt } from "./caret";

/** What came of an expression: its value, or why it has none, and where. */
export function Outcome({ expression, evaluated }: { expression: string; evaluated: Evaluated }) {
  const { problem } = evaluated;
  if (problem) {
    const pointed = typeof problem.position === "number" ? pointAt(expression, problem.position) : null;
    return (
      <Alert
        color="red"
        variant="light"
        icon={<IconAlertTriangle aria-hidden />}
        title={problem.kind === "syntax" ? "This is no expression" : "It failed on this data"}
      >
        <Stack gap="xs">
          <Text size="sm">
            {typeof problem.line === "number" && `Line ${problem.line}, column ${problem.column}: `}
            <Prose text={`${problem.message} ${problem.hint}`} />
          </Text>
          {pointed && (
            <Code block aria-hidden>
              {`${pointed.line}\n${pointed.caret}`}
            </Code>
          )}
        </Stack>
      </Alert>
    );
  }
  if (!evaluated.has_value) return <Text size="sm">It is well written. Give it data to see what comes of it.</Text>;
  return (
    <Stack gap={4}>
      <Text size="sm" fw={600}>
        Result
      </Text>
      <Code block style={{ maxHeight: 320, overflow: "auto", whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}>
        {JSON.stringify(evaluated.value, null, 2)}
      </Code>
      {typeof evaluated.seq === "number" && (
        <Text size="xs" c="dimmed">
          As it was after event {evaluated.seq} of the run.
        </Text>
      )}
    </Stack>
  );
}
