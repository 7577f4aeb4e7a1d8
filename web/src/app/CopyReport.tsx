import { Accordion, Button, Code, Stack } from "@mantine/core";
import { useClipboard } from "@mantine/hooks";
import { IconCheck, IconCopy } from "@tabler/icons-react";

/** A report that can be read and handed on. Where the browser keeps its clipboard, the text can be selected. */
export function CopyReport({ report }: { report: string }) {
  const clipboard = useClipboard({ timeout: 3000 });
  return (
    <Accordion variant="contained">
      <Accordion.Item value="report">
        <Accordion.Control>Report for who runs this server</Accordion.Control>
        <Accordion.Panel>
          <Stack gap="xs" align="flex-start">
            <Code block w="100%" mah={240} style={{ overflow: "auto" }} tabIndex={0} role="region" aria-label="Report">
              {report}
            </Code>
            <Button
              size="xs"
              variant="default"
              leftSection={clipboard.copied ? <IconCheck size={14} aria-hidden /> : <IconCopy size={14} aria-hidden />}
              onClick={() => clipboard.copy(report)}
            >
              <span aria-live="polite">
                {clipboard.copied ? "Copied" : clipboard.error ? "Select the text and copy it" : "Copy the report"}
              </span>
            </Button>
          </Stack>
        </Accordion.Panel>
      </Accordion.Item>
    </Accordion>
  );
}
