import { useVirtualizer, type Virtualizer } from "@tanstack/react-virtual";
import {
  type KeyboardEvent,
  type ReactNode,
  type Ref,
  useCallback,
  useEffect,
  useImperativeHandle,
  useLayoutEffect,
  useRef,
} from "react";
import classes from "./VirtualRows.module.css";

export interface VirtualRowsHandle {
  /** Brings a row to where it can be seen. */
  show: (index: number, align?: "auto" | "center" | "start" | "end") => void;
}

interface VirtualRowsProps {
  count: number;
  /** The height of a row before it is measured, in pixels. */
  estimate: number;
  /** What one row shows. */
  children: (index: number) => ReactNode;
  keyOf?: (index: number) => string | number;
  /** How many rows were put before the first one so far, less those that were taken away: what is in sight stays there. */
  shift?: number;
  /** What the rows are, for screen readers. */
  label: string;
  height?: string;
  /** Whether the last row stays in sight as rows come. */
  follow?: boolean;
  /** Is told when somebody scrolls away from the end, or back to it. */
  onFollow?: (follow: boolean) => void;
  /** Is told which rows are in sight. */
  onSight?: (sight: [first: number, last: number]) => void;
  onKeyDown?: (event: KeyboardEvent<HTMLElement>) => void;
  ref?: Ref<VirtualRowsHandle>;
}

const NEAR_END = 8;

/** Rows in a box that scrolls, of which only those in sight are made, however many there are. */
export function VirtualRows(props: VirtualRowsProps) {
  const { count, estimate, keyOf, children, shift = 0, follow = false, onFollow, onSight } = props;
  const box = useRef<HTMLElement>(null);
  const lastTop = useRef(0);
  const rows = useVirtualizer<HTMLElement, HTMLElement>({
    count,
    getScrollElement: () => box.current,
    estimateSize: () => estimate,
    getItemKey: keyOf,
    overscan: 8,
    measureElement: measureLater,
    useFlushSync: false,
  });
  const show = useCallback<VirtualRowsHandle["show"]>(
    (index, align = "auto") => rows.scrollToIndex(index, { align }),
    [rows],
  );
  useImperativeHandle(props.ref, () => ({ show }), [show]);
  useEffect(() => {
    if (follow && count > 0) rows.scrollToIndex(count - 1, { align: "end" });
  }, [follow, count, rows]);
  useHeldPlace(rows, shift, follow);
  const items = rows.getVirtualItems();
  const [first, last] = [items[0]?.index ?? 0, items.at(-1)?.index ?? 0];
  useEffect(() => onSight?.([first, last]), [onSight, first, last]);
  const watchScroll = () => {
    const { current } = box;
    if (!current) return;
    const wentUp = current.scrollTop < lastTop.current;
    lastTop.current = current.scrollTop;
    const isAtEnd = current.scrollHeight - current.scrollTop - current.clientHeight < NEAR_END;
    // Only somebody who scrolls up wants to leave the end: rows that grow move it away, too.
    if (isAtEnd && !follow) onFollow?.(true);
    else if (!isAtEnd && wentUp && follow) onFollow?.(false);
  };
  return (
    <section
      ref={box}
      className={classes.box}
      style={{ maxHeight: props.height ?? "60vh" }}
      aria-label={props.label}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
      tabIndex={0}
      onScroll={onFollow && watchScroll}
      onKeyDown={props.onKeyDown}
    >
      <ul className={classes.rows} style={{ height: rows.getTotalSize() }}>
        {items.map((row) => (
          <li
            key={row.key}
            ref={rows.measureElement}
            data-index={row.index}
            className={classes.row}
            style={{ transform: `translateY(${row.start}px)` }}
          >
            {children(row.index)}
          </li>
        ))}
      </ul>
    </section>
  );
}

/** Keeps the first row in sight where it is when rows come or go before it. */
function useHeldPlace(rows: Virtualizer<HTMLElement, HTMLElement>, shift: number, follow: boolean): void {
  const place = useRef({ index: 0, offset: 0 });
  const lastShift = useRef(shift);
  // After each drawing: scrolling draws, too.
  useLayoutEffect(() => {
    const moved = shift - lastShift.current;
    lastShift.current = shift;
    if (moved !== 0) {
      const row = rows.measurementsCache[place.current.index + moved];
      if (row && !follow) rows.scrollToOffset(row.start + place.current.offset);
      return;
    }
    const top = rows.scrollOffset ?? 0;
    const row = rows.getVirtualItemForOffset(top);
    if (row) place.current = { index: row.index, offset: top - row.start };
  });
}

/**
 * Returns a row's height. It is told when the browser has laid the row out by itself: to ask for it at once, for each row
 * that comes into sight, would make the browser lay the page out again and again.
 */
function measureLater(
  element: HTMLElement,
  entry: ResizeObserverEntry | undefined,
  rows: Virtualizer<HTMLElement, HTMLElement>,
): number {
  const box = entry?.borderBoxSize[0];
  if (box) return Math.round(box.blockSize);
  const index = rows.indexFromElement(element);
  return rows.itemSizeCache.get(rows.options.getItemKey(index)) ?? rows.options.estimateSize(index);
}
