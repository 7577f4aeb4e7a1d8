import { Alert, Button, Code, Group, Stack, Text } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { ApiError } from "@/api/client";
import { Prose } from "./Prose";

/** What went wrong, what to do about it, and the id by which the server's log knows of it. */
export function ErrorNotice({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const problem = error instanceof ApiError ? error.problem : null;
  const title = problem?.title ?? "Something went wrong in this page";
  const detail = problem?.detail ?? (error instanceof Error ? error.message : String(error));
  return (
    <Alert color="red" variant="light" icon={<IconAlertTriangle aria-hidden />} title={title} role="alert">
      <Stack gap="xs" align="flex-start">
        {detail !== title && (
          <Text size="sm" style={{ overflowWrap: "anywhere" }}>
            <Prose text={detail} />
          </Text>
        )}
        {problem?.hint && (
          <Text size="sm">
            <Prose text={problem.hint} />
          </Text>
        )}
        <Group gap="md">
          {onRetry && (
            <Button size="xs" variant="default" onClick={onRetry}>
              Try again
            </Button>
          )}
          {problem && (
            <Text size="xs" c="dimmed">
              {problem.code}
              {problem.request_id && (
                <>
                  {" · request "}
                  <Code>{problem.request_id}</Code>
                </>
              )}
            </Text>
          )}
        </Group>
      </Stack>
    </Alert>
  );
}
