import { List, Stack, Text } from "@mantine/core";
import type { ReasonCount, RunView } from "@/api/schema";
import { RunTable } from "@/ui/RunTable";
import { type BulkAction, countRuns } from "./bulk";

interface BulkPreviewFiguresProps {
  action: BulkAction;
  matched: number;
  refusals: ReasonCount[];
  sample: RunView[];
}

/** What a command would hit: how many runs, how many of them would refuse and why, and some of them. */
export function BulkPreviewFigures({ action, matched, refusals, sample }: BulkPreviewFiguresProps) {
  const refused = refusals.reduce((sum, { count }) => sum + count, 0);
  return (
    <Stack gap="xs">
      <Text>
        <b>{countRuns(matched)}</b> would be given the command <b>{action}</b>
        {refused === 0 ? "; none would refuse it, as they stand now." : `; ${countRuns(refused)} would refuse it:`}
      </Text>
      <Refusals refusals={refusals} />
      {sample.length > 0 && (
        <Stack gap={0}>
          <Text size="sm" c="dimmed">
            {sample.length === matched ? "They are:" : `The newest ${sample.length} of them:`}
          </Text>
          <div style={{ maxHeight: 260, overflowY: "auto" }}>
            <RunTable runs={sample} caption="Some of the runs" />
          </div>
        </Stack>
      )}
    </Stack>
  );
}

/** Why runs refuse, and how many. */
export function Refusals({ refusals }: { refusals: ReasonCount[] }) {
  if (refusals.length === 0) return null;
  return (
    <List size="sm">
      {refusals.map(({ reason, count }) => (
        <List.Item key={reason} style={{ overflowWrap: "anywhere" }}>
          {countRuns(count)}: {reason}
        </List.Item>
      ))}
    </List>
  );
}
