import { Paper } from "@mantine/core";
import { Prose } from "@/ui/Prose";
import { describeRow, describeSegment, describeStart } from "./describe";
import type { Row } from "./rows";
import classes from "./timeline.module.css";

/** What is pointed at: a row, a segment of its bar by index or none, and where on the screen. */
export interface Hovered {
  row: Row;
  segment: number | null;
  x: number;
  y: number;
}

/** Tells of what is pointed at, beside it. */
export function TimelineTip({ row, segment, x, y, begin, now }: Hovered & { begin: number; now: number }) {
  const pointed = segment === null ? undefined : row.segments[segment];
  const left = Math.min(x + 14, window.innerWidth - 350);
  const top = y + 150 > window.innerHeight ? y - 90 : y + 16;
  return (
    <Paper className={classes.tip} withBorder shadow="md" style={{ left, top }}>
      <b>{row.label}</b>
      {pointed && pointed.kind !== "frame" ? (
        <>
          <div>{describeSegment(pointed, now)}</div>
          {pointed.text && (
            <div>
              <Prose text={pointed.text} />
            </div>
          )}
          <div>
            {describeStart(pointed.from)}
            {pointed.attempt > 1 && ` · attempt ${pointed.attempt}`}
          </div>
        </>
      ) : (
        <div>{describeRow(row, begin, now).slice(row.label.length + 2)}</div>
      )}
    </Paper>
  );
}
