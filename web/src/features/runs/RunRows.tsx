import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useLayoutEffect, useState } from "react";
import type { TimeKind } from "./address";
import type { Row } from "./pages";
import styles from "./RunList.module.css";
import { RunRow } from "./RunRow";

/** What is near the screen is told in such steps, so that scrolling changes it seldom. */
export const STEP = 20;

export interface Sight {
  /** The rows that are made, by their numbers. */
  begin: number;
  end: number;
  /** Whether the first row has been scrolled away. */
  isAway: boolean;
}

interface RunRowsProps {
  count: number;
  getRow: (index: number) => Row | undefined;
  /** The height of a row. */
  height: number;
  /** How far above the rows the window's top may be before the first of them is away. */
  above: number;
  time: TimeKind;
  isSelected: (runId: string) => boolean;
  /** Left out where nothing can be done with a selection. */
  onSelect?: (runId: string, isRange: boolean) => void;
  /** Is told when what is near the screen changes. */
  onSight: (sight: Sight) => void;
}

/** The rows near the screen, each at its place. Only this is drawn anew while the page is scrolled. */
export function RunRows({ count, getRow, height, above, time, isSelected, onSelect, onSight }: RunRowsProps) {
  const { box, setBox, margin } = useMargin();
  const virtualizer = useWindowVirtualizer({
    count,
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
  const isAway = box !== null && (virtualizer.scrollOffset ?? 0) > margin - above;
  useEffect(() => onSight({ begin, end, isAway }), [onSight, begin, end, isAway]);
  return (
    // biome-ignore lint/a11y/useSemanticElements: rows that stand by themselves cannot be those of a table element
    <div role="rowgroup" ref={setBox} className={styles.rows} style={{ height: virtualizer.getTotalSize() }}>
      {items.map((item) => {
        const row = getRow(item.index);
        return (
          <RunRow
            key={item.key}
            run={row?.run}
            isGone={row?.isGone ?? false}
            index={item.index}
            top={item.start - margin}
            height={height}
            time={time}
            isSelected={row !== undefined && isSelected(row.run.run_id)}
            onSelect={onSelect}
          />
        );
      })}
    </div>
  );
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
