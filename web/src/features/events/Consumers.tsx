import { Stack, Table, Text } from "@mantine/core";
import type { EventDetail } from "@/api/schema";
import { useMay } from "@/features/session/permissions";
import { DataTable } from "@/ui/DataTable";
import { TextLink } from "@/ui/links";
import { Moment } from "@/ui/Moment";

/** The runs that consumed an event. */
export function Consumers({ detail: { consumers, has_more_consumers, received } }: { detail: EventDetail }) {
  const mayRuns = useMay()("run.read", received.namespace);
  if (!mayRuns) return <Said>Runs are shown to who has the permission run.read in this namespace.</Said>;
  if (consumers.length === 0) return <Said>No run has consumed it so far.</Said>;
  return (
    <Stack gap="xs">
      <DataTable
        caption="Runs that consumed the event, the first ones first"
        headings={["Run", "Task", "When"]}
        minWidth={420}
      >
        {consumers.map(({ run_id, reference, at }) => (
          <Table.Tr key={`${run_id} ${reference}`}>
            <Table.Td>
              <TextLink
                to="/runs/$runId"
                params={{ runId: run_id }}
                search={reference === "" ? {} : { task: reference }}
                size="xs"
                ff="monospace"
              >
                {run_id}
              </TextLink>
            </Table.Td>
            <Table.Td style={{ overflowWrap: "anywhere" }}>{reference || "it started the run"}</Table.Td>
            <Table.Td>
              <Moment at={at} />
            </Table.Td>
          </Table.Tr>
        ))}
      </DataTable>
      {has_more_consumers && <Said>{`These are the first ${consumers.length}; there are more.`}</Said>}
    </Stack>
  );
}

function Said({ children }: { children: string }) {
  return (
    <Text size="sm" c="dimmed">
      {children}
    </Text>
  );
}
