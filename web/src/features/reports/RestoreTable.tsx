import { Table, Text } from "@mantine/core";
import { DataTable } from "@/ui/DataTable";
import { TextLink } from "@/ui/links";
import { Moment } from "@/ui/Moment";
import { Section } from "@/ui/Section";
import { CsvButton } from "./CsvButton";
import { describeLength } from "./comparing";
import type { DeliveryFigures } from "./delivery";

/** What failed in the period, and by which run it was made good. */
export function RestoreTable({ figures: { restores, openSince, failures } }: { figures: DeliveryFigures }) {
  return (
    <Section
      title="Failures, and what made them good"
      actions={
        restores.length > 0 && (
          <CsvButton
            name="restores"
            headings={["failed_run", "failed_at", "restored_by_run", "seconds"]}
            rows={() => restores.map((each) => [each.failedRunId, each.failedAt, each.restoredRunId, each.seconds])}
          />
        )
      }
    >
      {openSince && (
        <Text size="sm" role="status">
          A failure has not been made good within the period: since <Moment at={openSince} />, no run completed.
        </Text>
      )}
      {failures === 0 && (
        <Text size="sm" c="dimmed">
          Nothing failed in this period.
        </Text>
      )}
      {restores.length > 0 && (
        <DataTable caption="Failures that were made good" headings={["Failed", "When", "Made good by", "After"]}>
          {[...restores].reverse().map((restore) => (
            <Table.Tr key={restore.failedRunId}>
              <Table.Td>
                <RunLink runId={restore.failedRunId} />
              </Table.Td>
              <Table.Td>
                <Moment at={restore.failedAt} />
              </Table.Td>
              <Table.Td>
                <RunLink runId={restore.restoredRunId} />
              </Table.Td>
              <Table.Td>{describeLength(restore.seconds)}</Table.Td>
            </Table.Tr>
          ))}
        </DataTable>
      )}
    </Section>
  );
}

function RunLink({ runId }: { runId: string }) {
  return (
    <TextLink to="/runs/$runId" params={{ runId }} inherit ff="monospace">
      {runId}
    </TextLink>
  );
}
