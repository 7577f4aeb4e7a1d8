import { Group, Stack, Text, Title } from "@mantine/core";
import { type ReactNode, useEffect } from "react";

interface PageProps {
  /** The heading, and the first part of the browser's title. */
  title: string;
  /** What stands in the heading's place, where it is more than text. */
  heading?: ReactNode;
  /** A line that says what the page is for. */
  summary?: ReactNode;
  /** Buttons, at the right. */
  actions?: ReactNode;
  children: ReactNode;
}

/** A page: its one heading, its title in the browser, its actions and what it shows. */
export function Page({ title, heading, summary, actions, children }: PageProps) {
  useEffect(() => {
    document.title = `${title} · Kapell`;
  }, [title]);
  return (
    <Stack gap="md">
      <Group justify="space-between" align="flex-start" wrap="wrap" gap="sm">
        <Stack gap={2} style={{ minWidth: 0, flex: "1 1 320px" }}>
          <Title order={1} size="h3" style={{ overflowWrap: "anywhere" }}>
            {heading ?? title}
          </Title>
          {summary && (
            <Text size="sm" c="dimmed" component="div">
              {summary}
            </Text>
          )}
        </Stack>
        {actions && <Group gap="xs">{actions}</Group>}
      </Group>
      {children}
    </Stack>
  );
}
