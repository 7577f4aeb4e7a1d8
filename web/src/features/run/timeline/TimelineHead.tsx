import { memo, type PointerEvent, useMemo, useRef } from "react";
import { describeSeconds } from "@/lib/time";
import { mergeSlices, type Slice } from "./overview";
import { ALL, isAll, makeRange, moveRange, type Range } from "./range";
import { makeTicks, type Scale } from "./scale";
import { placeIn } from "./TimelineRow";
import classes from "./timeline.module.css";

interface TimelineHeadProps {
  scale: Scale;
  range: Range;
  slices: Slice[];
  /** How wide the track is, in pixels. */
  width: number;
  label: string;
  onRange: (range: Range) => void;
}

const TICK_WIDTH = 84;

/** Above the rows: all of the time in a strip, in which a part can be chosen, and marks of time over that part. */
export const TimelineHead = memo(function TimelineHead(props: TimelineHeadProps) {
  const { scale, range, slices, width, label, onRange } = props;
  const ticks = useMemo(
    () => makeTicks(scale, range.from, range.to, Math.min(0.5, TICK_WIDTH / Math.max(width, 1))),
    [scale, range, width],
  );
  const merged = useMemo(() => mergeSlices(slices), [slices]);
  const share = (place: number) => `${((place - range.from) / (range.to - range.from)) * 100}%`;
  return (
    <div className={classes.head} aria-hidden="true">
      <div className={classes.headRow}>
        <div className={classes.headLabel}>{isAll(range) ? "Drag to look closer" : "Double-click shows all"}</div>
        <Strip range={range} onRange={onRange}>
          {merged.map(({ slice, from, to }) => (
            <div
              key={from}
              className={classes.stripMark}
              data-slice={slice}
              style={{ left: `${from * 100}%`, width: `${(to - from) * 100}%` }}
            />
          ))}
        </Strip>
      </div>
      <div className={classes.headRow}>
        <div className={classes.headLabel}>{label}</div>
        <div className={classes.axis}>
          {ticks.map(({ place, elapsed }) => (
            <span key={elapsed} className={classes.tick} style={{ left: share(place) }}>
              {elapsed === 0 ? "begin" : `+${describeSeconds(elapsed / 1000)}`}
            </span>
          ))}
          {scale.gaps.map((gap) => {
            const { left, right } = placeIn(scale, range, gap.from, gap.to);
            return right < 0 || left > 1 ? null : (
              <span key={gap.from} className={classes.gapLabel} style={{ left: `${((left + right) / 2) * 100}%` }}>
                {describeSeconds((gap.to - gap.from) / 1000)}
              </span>
            );
          })}
        </div>
      </div>
    </div>
  );
});

interface StripProps {
  range: Range;
  onRange: (range: Range) => void;
  children: React.ReactNode;
}

type Drag = { kind: "draw"; from: number } | { kind: "move"; at: number; range: Range };

/** Dragging beside the chosen part chooses another, dragging the part moves it. By keyboard, the rows' keys do it. */
function Strip({ range, onRange, children }: StripProps) {
  const drag = useRef<Drag | null>(null);
  const placeAt = (event: PointerEvent<HTMLElement>) => {
    const bounds = event.currentTarget.getBoundingClientRect();
    return (event.clientX - bounds.left) / bounds.width;
  };
  const begin = (event: PointerEvent<HTMLElement>) => {
    const at = placeAt(event);
    event.currentTarget.setPointerCapture(event.pointerId);
    const isInside = !isAll(range) && at > range.from && at < range.to;
    drag.current = isInside ? { kind: "move", at, range } : { kind: "draw", from: at };
  };
  const go = (event: PointerEvent<HTMLElement>) => {
    const at = placeAt(event);
    if (drag.current?.kind === "move") {
      const { range: before } = drag.current;
      onRange(moveRange(before, (at - drag.current.at) / (before.to - before.from)));
    } else if (drag.current && Math.abs(at - drag.current.from) > 0.005) onRange(makeRange(drag.current.from, at));
  };
  const end = () => {
    drag.current = null;
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: for the pointer; by keyboard, the rows' keys do the same
    <div
      className={classes.strip}
      onPointerDown={begin}
      onPointerMove={go}
      onPointerUp={end}
      onPointerCancel={end}
      onDoubleClick={() => onRange(ALL)}
    >
      {children}
      {!isAll(range) && (
        <div
          className={classes.range}
          style={{ left: `${range.from * 100}%`, width: `${(range.to - range.from) * 100}%` }}
        />
      )}
    </div>
  );
}
