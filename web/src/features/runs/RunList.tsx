import { Button, Checkbox, Group, Text } from "@mantine/core";
import { useElementSize, useMediaQuery } from "@mantine/hooks";
import { IconArrowUp } from "@tabler/icons-react";
import { type ReactNode, useCallback, useEffect, useRef, useState } from "react";
import { ErrorNotice } from "@/ui/ErrorNotice";
import type { RunFilters } from "./address";
import styles from "./RunList.module.css";
import { RunRows, type Sight, STEP } from "./RunRows";
import { getHeadState, isEmpty, isSelected, type Selection, toggle, toggleRange, toggleShown } from "./selection";
import { getOrder } from "./sentence";
import { useRunList } from "./useRunList";

const ROW_HEIGHT = 46;
const NARROW_ROW_HEIGHT = 100;
/** So many rows before the end of what is known, more is read. */
const AHEAD = 40;
/** From the rows' heading to the first of them, in pixels. */
const HEAD_HEIGHT = 60;
const TOP: Sight = { begin: 0, end: 2 * STEP, isAway: false };
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
  const [isTouched, touches] = useIsTouched();
  const [sight, setSight] = useState(TOP);
  const list = useRunList(filters, isTouched || sight.isAway || !isEmpty(selection), sight);
  const bar = useElementSize();
  const table = useRef<HTMLDivElement>(null);
  const { canReadMore, readMore, takeIn } = list;
  useEffect(() => {
    if (canReadMore && sight.end >= list.count - AHEAD) readMore();
  }, [canReadMore, sight.end, list.count, readMore]);

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
    const top = table.current?.getBoundingClientRect().top ?? 0;
    window.scrollTo({ top: window.scrollY + top - bar.height - HEAD_HEIGHT });
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
          <div ref={table} {...touches}>
            <RunRows
              count={list.count}
              getRow={list.getRow}
              height={isNarrow ? NARROW_ROW_HEIGHT : ROW_HEIGHT}
              above={bar.height}
              time={time}
              isSelected={(runId) => isSelected(selection, runId)}
              onSelect={isSelectable ? select : undefined}
              onSight={setSight}
            />
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

function describeCount(count: number, hasMore: boolean): string {
  if (hasMore) return `The first ${count.toLocaleString("en")}; more come as you scroll.`;
  return count === 1 ? "One run." : `${count.toLocaleString("en")} runs.`;
}

function describeArrivals(count: number): string {
  return count === 1 ? "1 new run" : count >= 100 ? "100 new runs or more" : `${count} new runs`;
}
