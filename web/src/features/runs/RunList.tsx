import { Button, Checkbox, Group, Text } from "@mantine/core";
import { useElementSize, useMediaQuery } from "@mantine/hooks";
import { IconArrowUp } from "@tabler/icons-react";
import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { type ReactNode, useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";
import { ErrorNotice } from "@/ui/ErrorNotice";
import type { RunFilters } from "./address";
import styles from "./RunList.module.css";
import { RunRow } from "./RunRow";
import { getHeadState, isEmpty, isSelected, type Selection, toggle, toggleRange, toggleShown } from "./selection";
import { getOrder } from "./sentence";
import { useRunList } from "./useRunList";

const ROW_HEIGHT = 46;
const NARROW_ROW_HEIGHT = 88;
/** So many rows before the end of what is known, more is read. */
const AHEAD = 40;
/** Which rows are near the screen is told in such steps, so that scrolling changes it seldom. */
const STEP = 20;
const HEADINGS = { started: "Started", ended: "Ended", updated: "Changed" };

interface RunListProps {
  filters: RunFilters;
  selection: Selection;
  onSelect: (selection: Selection) => void;
  /** Whether something could be done with a selection. */
  isSelectable: boolean;
  /** What can be done with what is selected. */
  tools: ReactNode;
  /** What is said where nothing matches. */
  empty: ReactNode;
}

/** Runs that match, the newest first: as many as there are, of which only those near the screen are kept. */
export function RunList({ filters, selection, onSelect, isSelectable, tools, empty }: RunListProps) {
  const isNarrow = useMediaQuery("(max-width: 61.99em)", false, { getInitialValueInEffect: false });
  const height = isNarrow ? NARROW_ROW_HEIGHT : ROW_HEIGHT;
  const [isTouched, touches] = useIsTouched();
  const [isScrolled, setIsScrolled] = useState(false);
  const [visible, setVisible] = useState({ begin: 0, end: 2 * STEP });
  const list = useRunList(filters, isTouched || isScrolled || !isEmpty(selection), visible);
  const { box, setBox, margin } = useMargin();
  const bar = useElementSize();
  const virtualizer = useWindowVirtualizer({
    count: list.count,
    estimateSize: () => height,
    overscan: 8,
    scrollMargin: margin,
    useFlushSync: false,
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: it measures anew when the height is another
  useLayoutEffect(() => virtualizer.measure(), [height]);

  const items = virtualizer.getVirtualItems();
  const begin = Math.floor((items[0]?.index ?? 0) / STEP) * STEP;
  const end = Math.ceil(((items.at(-1)?.index ?? 0) + 1) / STEP) * STEP;
  if (begin !== visible.begin || end !== visible.end) setVisible({ begin, end });
  const isAway = (virtualizer.scrollOffset ?? 0) > margin - bar.height;
  if (isAway !== isScrolled) setIsScrolled(isAway);
  const { canReadMore, readMore, takeIn } = list;
  useEffect(() => {
    if (canReadMore && end >= list.count - AHEAD) readMore();
  }, [canReadMore, end, list.count, readMore]);

  const shown = list.rows.map((row) => row.run.run_id);
  const head = getHeadState(selection, shown);
  const latest = useRef({ selection, shown, onSelect });
  latest.current = { selection, shown, onSelect };
  const select = useCallback((runId: string, isRange: boolean) => {
    const now = latest.current;
    now.onSelect((isRange ? toggleRange : toggle)(now.selection, runId, now.shown));
  }, []);
  const showNew = () => {
    takeIn();
    const top = box?.getBoundingClientRect().top ?? 0;
    window.scrollTo({ top: window.scrollY + top - bar.height - 60 });
  };

  if (list.error && list.count === 0) return <ErrorNotice error={list.error} onRetry={list.retry} />;
  const isNone = !list.isPending && list.count === 0 && !list.hasMore;
  const time = getOrder(filters);
  return (
    <div style={{ "--lead": isSelectable ? "24px" : "0px" } as React.CSSProperties}>
      <div className={styles.bar} ref={bar.ref}>
        <Group className={styles.tools} justify="space-between" gap="xs">
          {tools ?? (
            <Text size="sm" c="dimmed" role="status">
              {list.isPending ? "Reading …" : describeCount(list.count, list.hasMore)}
            </Text>
          )}
          <span role="status">
            {list.arrivals > 0 && (
              <Button size="compact-sm" leftSection={<IconArrowUp size={14} aria-hidden />} onClick={showNew}>
                {describeArrivals(list.arrivals)}: show
              </Button>
            )}
          </span>
        </Group>
        {list.error && <ErrorNotice error={list.error} onRetry={list.retry} />}
      </div>
      {isNone ? (
        empty
      ) : (
        // biome-ignore lint/a11y/useSemanticElements: rows that stand by themselves cannot be those of a table element
        <div role="table" aria-label="Runs that match" aria-rowcount={list.hasMore ? -1 : list.count + 1}>
          {/* biome-ignore lint/a11y/useFocusableInteractive: a row of a table is no control */}
          {/* biome-ignore lint/a11y/useSemanticElements: as above */}
          <div role="row" aria-rowindex={1} className={`${styles.head} ${styles.grid}`}>
            <Heading>
              {isSelectable && (
                <Checkbox
                  size="xs"
                  aria-label="Select the runs on the screen"
                  checked={head === "all"}
                  indeterminate={head === "some"}
                  onChange={() => onSelect(toggleShown(selection, shown))}
                />
              )}
            </Heading>
            <Heading>Status</Heading>
            <Heading isWideOnly>Workflow</Heading>
            <Heading isWideOnly>Run</Heading>
            <Heading isWideOnly>{HEADINGS[time]}</Heading>
            <Heading isWideOnly>Took</Heading>
          </div>
          {/* biome-ignore lint/a11y/useSemanticElements: as above */}
          <div
            role="rowgroup"
            ref={setBox}
            className={styles.rows}
            style={{ height: virtualizer.getTotalSize() }}
            {...touches}
          >
            {items.map((item) => {
              const row = list.getRow(item.index);
              return (
                <RunRow
                  key={item.key}
                  row={row}
                  index={item.index}
                  top={item.start - margin}
                  height={height}
                  time={time}
                  isSelected={row !== undefined && isSelected(selection, row.run.run_id)}
                  onSelect={isSelectable ? select : undefined}
                />
              );
            })}
          </div>
        </div>
      )}
    </div>
  );
}

function Heading({ isWideOnly = false, children }: { isWideOnly?: boolean; children: ReactNode }) {
  return (
    // biome-ignore lint/a11y/useFocusableInteractive: a heading of a column is no control
    // biome-ignore lint/a11y/useSemanticElements: rows that stand by themselves cannot be those of a table element
    <div role="columnheader" data-narrow={isWideOnly ? "hidden" : undefined}>
      {children}
    </div>
  );
}

/** Tells whether somebody is at the rows, with the pointer or the keyboard. */
function useIsTouched() {
  const [isPointed, setIsPointed] = useState(false);
  const [isFocused, setIsFocused] = useState(false);
  const touches = {
    onPointerEnter: () => setIsPointed(true),
    onPointerLeave: () => setIsPointed(false),
    onFocus: () => setIsFocused(true),
    onBlur: () => setIsFocused(false),
  };
  return [isPointed || isFocused, touches] as const;
}

/** How far below the page's top the rows begin. It is measured when the page's length changes: not as one scrolls. */
function useMargin() {
  const [box, setBox] = useState<HTMLDivElement | null>(null);
  const [margin, setMargin] = useState(0);
  useLayoutEffect(() => {
    if (box === null) return;
    const measure = () => setMargin(Math.round(box.getBoundingClientRect().top + window.scrollY));
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(document.body);
    return () => observer.disconnect();
  }, [box]);
  return { box, setBox, margin };
}

function describeCount(count: number, hasMore: boolean): string {
  if (hasMore) return `The first ${count.toLocaleString("en")}; more come as you scroll.`;
  return count === 1 ? "One run." : `${count.toLocaleString("en")} runs.`;
}

function describeArrivals(count: number): string {
  return count === 1 ? "1 new run" : count >= 100 ? "100 new runs or more" : `${count} new runs`;
}
