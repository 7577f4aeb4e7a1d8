import { Loader } from "@mantine/core";
import { IconChevronDown, IconChevronRight } from "@tabler/icons-react";
import { memo } from "react";
import { moodOf } from "@/lib/states";
import { describeSeconds } from "@/lib/time";
import { MOOD_COLORS } from "@/ui/moods";
import { StatusIcon } from "@/ui/StatusBadge";
import { describeRow, lengthOf } from "./describe";
import type { Range } from "./range";
import type { Row } from "./rows";
import { placeOf, type Scale } from "./scale";
import classes from "./timeline.module.css";

interface TimelineRowProps {
  row: Row;
  id: string;
  index: number;
  /** How many rows there are. */
  count: number;
  top: number;
  scale: Scale;
  range: Range;
  /** The present, in milliseconds; of a row that has ended it does not matter, and is 0. */
  now: number;
  isSelected: boolean;
  isActive: boolean;
  showCritical: boolean;
}

const INDENT = 14;

/** One row of a timeline: what it is called, where it stands, and its time as bars. */
export const TimelineRow = memo(function TimelineRow(props: TimelineRowProps) {
  const { row, scale, range, now, showCritical } = props;
  const status = row.status;
  const took = lengthOf({ from: row.began, to: row.ended }, now);
  const indent = Math.min(row.depth, 12) * INDENT;
  return (
    <div
      id={props.id}
      role="treeitem"
      className={classes.row}
      style={{ transform: `translateY(${props.top}px)` }}
      tabIndex={-1}
      aria-posinset={props.index + 1}
      aria-setsize={props.count}
      aria-level={row.depth + 1}
      aria-expanded={row.canOpen ? row.isOpen : undefined}
      aria-selected={props.isSelected}
      data-index={props.index}
      data-active={props.isActive || undefined}
    >
      <span className={classes.hidden}>{describeRow(row, scale.begin, now)}</span>
      <div className={classes.label} style={{ paddingLeft: 4 + indent }} aria-hidden="true">
        {row.canOpen ? (
          <button type="button" className={classes.fold} tabIndex={-1} data-fold>
            {row.isLoading ? (
              <Loader size={12} />
            ) : row.isOpen ? (
              <IconChevronDown size={14} />
            ) : (
              <IconChevronRight size={14} />
            )}
          </button>
        ) : (
          <span className={classes.fold} />
        )}
        <span
          className={classes.status}
          title={status}
          style={{ color: `var(--mantine-color-${MOOD_COLORS[moodOf(status)]}-filled)` }}
        >
          <StatusIcon status={status} />
        </span>
        <span className={classes.name} title={row.label}>
          {row.label}
        </span>
        <span className={classes.took}>{describeSeconds(took)}</span>
      </div>
      <div className={classes.track} aria-hidden="true">
        <Bars row={row} scale={scale} range={range} now={now} />
        {showCritical && row.isCritical && (
          <Span className={classes.critical} {...placeIn(scale, range, row.began, row.ended ?? now)} />
        )}
      </div>
    </div>
  );
});

function Bars({ row, scale, range, now }: { row: Row; scale: Scale; range: Range; now: number }) {
  return row.segments.map((segment, index) => {
    const at = placeIn(scale, range, segment.from, segment.to ?? now);
    if (at.right < 0 || at.left > 1) return null;
    return (
      <Span
        // biome-ignore lint/suspicious/noArrayIndexKey: segments come one after the other, and stay where they are
        key={index}
        className={classes.bar}
        {...at}
        data-segment={index}
        data-kind={segment.kind}
        data-going={segment.to === null || undefined}
        data-bad={segment.isBad || undefined}
      />
    );
  });
}

interface SpanProps {
  left: number;
  right: number;
  className?: string;
  [data: `data-${string}`]: unknown;
}

function Span({ left, right, ...rest }: SpanProps) {
  // Far outside of what is seen, a browser's numbers are not exact any more.
  const [from, to] = [Math.max(-1, left), Math.min(2, right)];
  return <div {...rest} style={{ left: `${from * 100}%`, width: `${(to - from) * 100}%` }} />;
}

/** Returns where a stretch lies in the part that is seen: 0 is its beginning, 1 its end. */
export function placeIn(
  scale: Scale,
  { from, to }: Range,
  began: number,
  ended: number,
): { left: number; right: number } {
  const share = (moment: number) => (placeOf(scale, moment) - from) / (to - from);
  return { left: share(began), right: share(ended) };
}
