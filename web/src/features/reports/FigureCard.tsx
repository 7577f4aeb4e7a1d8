import { Group, Stack, Text } from "@mantine/core";
import { IconArrowDownRight, IconArrowUpRight, IconEqual } from "@tabler/icons-react";
import type { ReactNode } from "react";
import type { Change, Verdict } from "./comparing";

interface FigureCardProps {
  label: string;
  value: string;
  /** The figure of the period before, in words. */
  before?: string;
  change?: Change | null;
  /** What the figure means exactly. */
  definition?: ReactNode;
}

const ICONS = { up: IconArrowUpRight, down: IconArrowDownRight, level: IconEqual };
const COLORS: Record<Verdict, string | undefined> = {
  better: "var(--mantine-color-teal-light-color)",
  worse: "var(--mantine-color-red-light-color)",
  same: undefined,
  none: undefined,
};
const WORDS: Record<Verdict, string> = { better: ", better", worse: ", worse", same: "", none: "" };

/** A figure, how it has changed against the period before, and what it means. */
export function FigureCard({ label, value, before, change, definition }: FigureCardProps) {
  const Icon = change ? ICONS[change.direction] : null;
  return (
    <Stack gap={2}>
      <Text size="sm" c="dimmed">
        {label}
      </Text>
      <Text size="xl" fw={700} lh={1.2}>
        {value}
      </Text>
      {change && Icon && (
        <Group gap={4} wrap="nowrap" align="flex-start" c={COLORS[change.verdict]}>
          <Icon size={16} aria-hidden style={{ flex: "none", marginTop: 2 }} />
          <Text size="sm" fw={600}>
            {change.text}
            {WORDS[change.verdict]}
          </Text>
        </Group>
      )}
      {before && before !== "–" && (
        <Text size="xs" c="dimmed">
          {before} the period before
        </Text>
      )}
      {definition && (
        <Text size="xs" c="dimmed" component="div">
          {definition}
        </Text>
      )}
    </Stack>
  );
}
