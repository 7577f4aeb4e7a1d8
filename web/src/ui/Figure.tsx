import { Stack, Text } from "@mantine/core";
import type { ReactNode } from "react";

/** A figure under its name, and below it what it was before. */
export function Figure({ label, value, before }: { label: string; value: ReactNode; before: string }) {
  return (
    <Stack gap={0}>
      <Text size="xs" c="dimmed">
        {label}
      </Text>
      <Text size="xl" fw={700}>
        {value}
      </Text>
      <Text size="xs" c="dimmed">
        {before}
      </Text>
    </Stack>
  );
}
