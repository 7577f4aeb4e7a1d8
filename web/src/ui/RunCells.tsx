/** What is said of a run in a row, wherever runs are listed. */
import { Text } from "@mantine/core";
import type { RunView } from "@/api/schema";
import { TextLink } from "./links";
import { Moment } from "./Moment";

/** A link to a run: its id. */
export function RunLink({ runId }: { runId: string }) {
  return (
    <TextLink to="/runs/$runId" params={{ runId }} size="sm" ff="monospace" style={{ whiteSpace: "nowrap" }}>
      {runId}
    </TextLink>
  );
}

/** What a run is of, and below it what is to be said of where it stands: its error, or until when it waits. */
export function RunSubject({ run, lines }: { run: RunView; lines: 1 | 2 }) {
  return (
    <>
      <Text size="sm" lineClamp={lines} style={{ overflowWrap: "anywhere" }}>
        {run.namespace}/{run.name}{" "}
        <Text span size="xs" c="dimmed">
          {run.version}
        </Text>
      </Text>
      {run.error ? (
        <Text size="xs" c="dimmed" lineClamp={lines} style={{ overflowWrap: "anywhere" }} title={run.error}>
          {run.error}
        </Text>
      ) : run.waits_until ? (
        <Text size="xs" c="dimmed" component="div">
          goes on <Moment at={run.waits_until} />
        </Text>
      ) : null}
    </>
  );
}
