import { Button, Code, CopyButton, Group, Stack, Text } from "@mantine/core";
import { EmptyState } from "@/ui/EmptyState";
import { makeCliCommand, makeCurlCommand } from "./words";

/** What is shown while no event has come: what events are for, and how to send one. */
export function NoEvents({ namespace }: { namespace: string }) {
  return (
    <EmptyState title="No event has arrived yet">
      <Stack gap="sm" ta="left">
        <Text size="sm">
          Workflows listen for events, emit them, and are started by them. An event belongs to a namespace, and only
          runs of that namespace see it. Send one from the command line:
        </Text>
        <Command text={makeCliCommand(namespace)} />
        <Text size="sm">Or with curl:</Text>
        <Command text={makeCurlCommand(window.location.origin, namespace)} />
      </Stack>
    </EmptyState>
  );
}

function Command({ text }: { text: string }) {
  return (
    <Stack gap={4}>
      <Code block style={{ whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}>
        {text}
      </Code>
      <Group>
        <CopyButton value={text}>
          {({ copied, copy }) => (
            <Button size="compact-xs" variant="default" onClick={copy}>
              {copied ? "Copied" : "Copy"}
            </Button>
          )}
        </CopyButton>
      </Group>
    </Stack>
  );
}
