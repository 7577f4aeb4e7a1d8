import { Paper, Stack, Text, Title } from "@mantine/core";
import type { ReactNode } from "react";

/** What is shown where there is nothing yet: why, and what to do about it. */
export function EmptyState({ title, children, icon }: { title: string; children?: ReactNode; icon?: ReactNode }) {
  return (
    <Paper withBorder p="xl" radius="md">
      <Stack gap="xs" align="center" ta="center" maw={560} mx="auto">
        {icon}
        <Title order={2} size="h5">
          {title}
        </Title>
        {children && (
          <Text size="sm" c="dimmed" component="div">
            {children}
          </Text>
        )}
      </Stack>
    </Paper>
  );
}
