import { Button, Group, NumberInput, Stack, Switch, Text } from "@mantine/core";
import { useQueries } from "@tanstack/react-query";
import { type FormEvent, useCallback, useEffect, useRef, useState } from "react";
import type { NumberedEvent } from "@/api/schema";
import { ErrorNotice } from "@/ui/ErrorNotice";
import { VirtualRows, type VirtualRowsHandle } from "@/ui/VirtualRows";
import { EventRow } from "./EventRow";
import { isFiltering, pagesInSight } from "./historyFilter";
import { HISTORY_PAGE, historyQuery } from "./queries";
import type { Selection } from "./selection";
import { describePlace } from "./tasks";
import { useFilteredHistory } from "./useFilteredHistory";
import type { Travel } from "./useTravel";

interface HistoryProps {
  runId: string;
  travel: Travel;
  selection: Selection | null;
  onSelect: (selection: Selection | null) => void;
}

/** What happened to a run, event by event. Only what is in sight is read, however long it is. */
export function History({ runId, travel, selection, onSelect }: HistoryProps) {
  const { total, at, go } = travel;
  const [onlyBad, setOnlyBad] = useState(false);
  const [onlyTask, setOnlyTask] = useState(false);
  const [follow, setFollow] = useState(false);
  const [wanted, setWanted] = useState<string | number>("");
  const [pages, setPages] = useState([0]);
  const setSight = useCallback(([first, last]: [number, number]) => {
    const seen = pagesInSight(first, last, HISTORY_PAGE);
    setPages((before) => (before.join() === seen.join() ? before : seen));
  }, []);
  const rows = useRef<VirtualRowsHandle>(null);
  const reference = onlyTask ? selection?.reference : undefined;
  const filter = { onlyBad, reference };
  const isFiltered = isFiltering(filter);
  const found = useFilteredHistory(runId, filter, total);
  const paged = usePages(runId, isFiltered ? [] : pages);
  const count = isFiltered ? found.events.length : total;
  const eventAt = (index: number) => (isFiltered ? found.events[index] : paged.events.get(index + 1));

  // The event that is looked at is brought into sight, whoever has chosen it.
  useEffect(() => {
    if (at !== undefined && !isFiltered) rows.current?.show(at - 1);
  }, [at, isFiltered]);

  const jump = (event: FormEvent) => {
    event.preventDefault();
    const seq = Number(wanted);
    if (!Number.isInteger(seq) || seq < 1) return;
    setFollow(false);
    const index = isFiltered ? found.events.findIndex((each) => each.seq >= seq) : Math.min(seq, total) - 1;
    if (index >= 0) rows.current?.show(index, "center");
  };

  return (
    <Stack gap="xs">
      <Group gap="sm">
        <Switch
          size="xs"
          label="Only what went wrong"
          checked={onlyBad}
          onChange={(event) => setOnlyBad(event.currentTarget.checked)}
        />
        <Switch
          size="xs"
          label={selection ? `Only ${describePlace(selection)}` : "Only the selected task"}
          disabled={!selection}
          checked={onlyTask && selection !== null}
          onChange={(event) => setOnlyTask(event.currentTarget.checked)}
        />
        <Switch
          size="xs"
          label="Follow"
          checked={follow}
          onChange={(event) => setFollow(event.currentTarget.checked)}
        />
        <form onSubmit={jump}>
          <Group gap={4} wrap="nowrap">
            <NumberInput
              size="xs"
              w={110}
              min={1}
              max={total}
              allowDecimal={false}
              hideControls
              placeholder={`1 to ${total}`}
              aria-label="Number of an event"
              value={wanted}
              onChange={setWanted}
            />
            <Button size="xs" variant="default" type="submit">
              Go to event
            </Button>
          </Group>
        </form>
      </Group>
      {isFiltered && <Progress found={found.events.length} seen={found.seen} total={total} isCut={found.isCut} />}
      {(found.error ?? paged.error) && <ErrorNotice error={found.error ?? paged.error} />}
      {count > 0 && (
        <VirtualRows
          ref={rows}
          count={count}
          estimate={34}
          label="History"
          height="65vh"
          follow={follow && at === undefined}
          onFollow={setFollow}
          onSight={setSight}
          keyOf={(index) => (isFiltered ? (found.events[index]?.seq ?? index) : index + 1)}
        >
          {(index) => (
            <EventRow
              seq={isFiltered ? (found.events[index]?.seq ?? 0) : index + 1}
              event={eventAt(index)}
              isThen={at !== undefined && eventAt(index)?.seq === at}
              selection={selection}
              onSelect={onSelect}
              onTravel={go}
            />
          )}
        </VirtualRows>
      )}
    </Stack>
  );
}

function Progress({ found, seen, total, isCut }: { found: number; seen: number; total: number; isCut: boolean }) {
  const events = `${found.toLocaleString("en")} ${found === 1 ? "event" : "events"}`;
  const text = isCut
    ? `The first ${events} of those that match; there are more.`
    : seen < total
      ? `${events} so far: ${seen.toLocaleString("en")} of ${total.toLocaleString("en")} looked through …`
      : found === 0
        ? "No event matches."
        : `${events} of ${total.toLocaleString("en")}`;
  return (
    <Text size="xs" c="dimmed" role="status">
      {text}
    </Text>
  );
}

interface Pages {
  /** The events that were read, by their numbers. */
  events: Map<number, NumberedEvent>;
  error: Error | null;
}

/** Reads the pages that are in sight. */
function usePages(runId: string, pages: number[]): Pages {
  return useQueries({
    queries: pages.map((page) => historyQuery(runId, page)),
    combine: (results) => {
      const events = new Map<number, NumberedEvent>();
      for (const { data } of results) for (const event of data ?? []) events.set(event.seq, event);
      return { events, error: results.find((result) => result.error)?.error ?? null };
    },
  });
}
