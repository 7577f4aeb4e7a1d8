import { useQueries, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useMemo, useState } from "react";
import type { PageRunView } from "@/api/schema";
import type { RunFilters } from "./address";
import {
  chainPages,
  countArrivals,
  findPlace,
  getNext,
  type LaterPage,
  listOffsets,
  NO_PAGES,
  notePage,
  type Row,
  refreshFirst,
  toRows,
} from "./pages";
import { firstPageQuery, laterPageQuery } from "./queries";

interface Range {
  begin: number;
  end: number;
}

/**
 * The list of runs that match, as it is shown.
 *
 * While it is held, its rows stay where they are. Only the pages around `visible` are read and renewed; where others
 * begin is kept aside, so that who comes back finds the list as long as it was.
 */
export function useRunList(filters: RunFilters, isHeld: boolean, visible: Range) {
  const queryClient = useQueryClient();
  const first = useQuery(firstPageQuery(filters));
  const [kept, setKept] = useState<PageRunView | null>(null);
  if (isHeld && kept === null && first.data?.items.length) setKept(first.data);
  if (!isHeld && kept !== null) setKept(null);

  const placesKey = ["places-of-runs", filters];
  const [noted, setNoted] = useState<readonly LaterPage[]>(() => queryClient.getQueryData(placesKey) ?? NO_PAGES);
  const shown = kept ?? first.data;
  const later = chainPages(shown?.next ?? null, noted);
  const offsets = listOffsets(shown?.items.length ?? 0, later);
  const count = offsets.at(-1) ?? 0;

  const from = findPlace(offsets, visible.begin).page;
  const to = findPlace(offsets, Math.max(visible.begin, visible.end)).page;
  const near = later
    .map((page, index) => ({ page, index }))
    .filter(({ page, index }) => page.count === null || (index + 1 >= from && index + 1 <= to));
  const read = useQueries({ queries: near.map(({ page }) => laterPageQuery(filters, page.cursor)) });
  const rowsOf = new Map<number, Row[]>();
  const fresh = first.data;
  const firstRows = useMemo(
    () => (kept && fresh ? refreshFirst(kept, fresh) : fresh ? toRows(fresh.items) : []),
    [kept, fresh],
  );
  if (shown) rowsOf.set(0, firstRows);
  let pages = later;
  near.forEach(({ page, index }, position) => {
    const data = read[position]?.data;
    if (data === undefined) return;
    rowsOf.set(index + 1, data.rows);
    pages = notePage(pages, page.cursor, data.rows.length, data.next);
  });

  useEffect(() => {
    if (pages !== noted) {
      setNoted(pages);
      queryClient.setQueryData(["places-of-runs", filters], pages);
    }
  }, [pages, noted, queryClient, filters]);

  const next = getNext(shown?.next ?? null, later);
  const failed = read.find((query) => query.isError);
  return {
    isPending: first.isPending,
    error: first.error ?? failed?.error ?? null,
    retry: () => void (first.error ? first.refetch() : failed?.refetch()),
    /** How many rows there are, as far as is known. */
    count,
    hasMore: next !== null || later.some((page) => page.count === null),
    /** Reads the page after the last one. */
    readMore: () => {
      if (next !== null) setNoted([...later, { cursor: next, count: null, next: null }]);
    },
    /** Whether there is a page to read, and none is being read. */
    canReadMore: next !== null && pages === later,
    /** The row of a number; undefined while its page is read. */
    getRow: (index: number): Row | undefined => {
      const place = findPlace(offsets, index);
      return rowsOf.get(place.page)?.[place.row];
    },
    /** The rows that have been read and are near the screen. */
    rows: [...rowsOf.entries()].sort(([one], [other]) => one - other).flatMap(([, rows]) => rows),
    /** How many new runs wait to be shown. */
    arrivals: kept && first.data ? countArrivals(kept, first.data) : 0,
    /** Shows them. */
    takeIn: () => setKept(first.data ?? null),
  };
}
