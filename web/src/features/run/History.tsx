import { Stack, Text } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useQueries } from "@tanstack/react-query";
import { useCallback, useEffect, useRef, useState } from "react";
import type { NumberedEvent } from "@/api/schema";
import { ErrorNotice } from "@/ui/ErrorNotice";
import { VirtualRows, type VirtualRowsHandle } from "@/ui/VirtualRows";
import { EventRow } from "./EventRow";
import { HistoryTools } from "./HistoryTools";
import { type About, askForEvents, pagesInSight } from "./historyFilter";
import { HISTORY_PAGE, historyQuery } from "./queries";
import type { Selection } from "./selection";
import { type Found, useFilteredHistory } from "./useFilteredHistory";
import type { Travel } from "./useTravel";

interface HistoryProps {
  runId: string;
  travel: Travel;
  selection: Selection | null;
  onSelect: (selection: Selection | null) => void;
}

const TYPING_PAUSE = 250;

/** What happened to a run, event by event. Only what is in sight is read, however long it is. */
export function History({ runId, travel, selection, onSelect }: HistoryProps) {
  const { total, at, go } = travel;
  const [filter, setFilter] = useState({ onlyBad: false, onlyTask: false, text: "", about: "all" as About });
  const [text] = useDebouncedValue(filter.text, TYPING_PAUSE);
  const [follow, setFollow] = useState(false);
  const [pages, setPages] = useState([0]);
  const [last, setLast] = useState(0);
  const setSight = useCallback(([first, final]: [number, number]) => {
    setLast(final);
    const seen = pagesInSight(first, final, HISTORY_PAGE);
    setPages((before) => (before.join() === seen.join() ? before : seen));
  }, []);
  const rows = useRef<VirtualRowsHandle>(null);
  const reference = filter.onlyTask ? selection?.reference : undefined;
  const query = askForEvents({ ...filter, text, reference });
  const isFiltered = Object.keys(query).length > 0;
  const found = useFilteredHistory(runId, isFiltered ? query : null, total, follow ? Number.POSITIVE_INFINITY : last);
  const paged = usePages(runId, isFiltered ? [] : pages);
  const count = isFiltered ? found.events.length : total;
  const eventAt = (index: number) => (isFiltered ? found.events[index] : paged.events.get(index + 1));

  // The event that is looked at is brought into sight, whoever has chosen it.
  useEffect(() => {
    if (at !== undefined && !isFiltered) rows.current?.show(at - 1);
  }, [at, isFiltered]);

  const jump = (seq: number) => {
    setFollow(false);
    const index = isFiltered ? found.events.findIndex((each) => each.seq >= seq) : Math.min(seq, total) - 1;
    if (index >= 0) rows.current?.show(index, "center");
  };

  return (
    <Stack gap="xs">
      <HistoryTools
        filter={filter}
        onFilter={(changes) => setFilter((before) => ({ ...before, ...changes }))}
        follow={follow}
        onFollow={setFollow}
        selection={selection}
        total={total}
        onJump={jump}
      />
      {isFiltered && <Progress found={found} total={total} />}
      {(found.error ?? paged.error) && <ErrorNotice error={found.error ?? paged.error} />}
      {count > 0 && (
        <VirtualRows
          key={JSON.stringify(query)}
          ref={rows}
          count={count}
          estimate={34}
          label="History"
          height="65vh"
          follow={follow && at === undefined}
          onFollow={(wanted) => setFollow(wanted && !(isFiltered && found.hasMore))}
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

function Progress({ found: { events, hasMore, isRead }, total }: { found: Found; total: number }) {
  const count = `${events.length.toLocaleString("en")} ${events.length === 1 ? "event" : "events"}`;
  const text = !isRead
    ? "Looking through the history …"
    : hasMore
      ? `The first ${count} of those that match; more as you scroll.`
      : events.length === 0
        ? "No event matches."
        : `${count} of ${total.toLocaleString("en")}`;
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
