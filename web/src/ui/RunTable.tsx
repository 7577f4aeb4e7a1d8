import { Box, Table, Text } from "@mantine/core";
import type { ReactNode } from "react";
import type { RunView } from "@/api/schema";
import { Duration, Moment } from "./Moment";
import { RunLink, RunSubject } from "./RunCells";
import { StatusBadge } from "./StatusBadge";

interface RunTableProps {
  runs: RunView[];
  caption: string;
  /** What stands before each row, such as a box to tick it. */
  lead?: (run: RunView) => ReactNode;
  leadHeading?: ReactNode;
  /** What else is to be said of a run, below what it is of. */
  note?: (run: RunView) => ReactNode;
}

/**
 * Runs, one a row: where each stands, what it is of, when it began and how long it took. In a narrow window the id stands
 * below what a run is of, so that nothing has to be scrolled for it.
 */
export function RunTable({ runs, caption, lead, leadHeading, note }: RunTableProps) {
  return (
    <div style={{ overflowX: "auto" }}>
      <Table highlightOnHover verticalSpacing={6} aria-label={caption}>
        <Table.Thead>
          <Table.Tr>
            {lead && <Table.Th w={36}>{leadHeading}</Table.Th>}
            <Table.Th w={{ base: 112, sm: 140 }}>Status</Table.Th>
            <Table.Th>Workflow</Table.Th>
            <Table.Th visibleFrom="sm">Run</Table.Th>
            <Table.Th w={120} visibleFrom="sm">
              Started
            </Table.Th>
            <Table.Th w={100} visibleFrom="sm">
              Took
            </Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {runs.map((run) => (
            <Table.Tr key={run.run_id}>
              {lead && <Table.Td>{lead(run)}</Table.Td>}
              <Table.Td>
                <StatusBadge status={run.status} />
              </Table.Td>
              <Table.Td>
                <RunSubject run={run} lines={2} />
                <Box hiddenFrom="sm" fz="xs" c="dimmed">
                  <RunLink runId={run.run_id} /> <Moment at={run.created_at} />
                </Box>
                {note && (
                  <Text size="xs" c="dimmed" component="div" style={{ overflowWrap: "anywhere" }}>
                    {note(run)}
                  </Text>
                )}
              </Table.Td>
              <Table.Td visibleFrom="sm">
                <RunLink runId={run.run_id} />
              </Table.Td>
              <Table.Td visibleFrom="sm">
                <Moment at={run.created_at} />
              </Table.Td>
              <Table.Td visibleFrom="sm">
                <Duration began={run.created_at} ended={run.ended_at} />
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </div>
  );
}
