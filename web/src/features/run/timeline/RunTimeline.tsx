import { useVirtualizer } from "@tanstack/react-virtual";
import {
  type KeyboardEvent,
  type MouseEvent,
  type PointerEvent,
  useCallback,
  useEffect,
  useId,
  useMemo,
  useRef,
  useState,
} from "react";
import type { RunTask } from "@/api/schema";
import { TextLink } from "@/ui/links";
import { isSelected, type Selection } from "../selection";
import { useAxisWidth, useZoomWheel } from "./axis";
import { describeRow, describeStart } from "./describe";
import { ALL, moveRange, type Range, zoomRange } from "./range";
import { findAround, type Row } from "./rows";
import { momentAt, placeOf, type Scale } from "./scale";
import { TimelineHead } from "./TimelineHead";
import { placeIn, TimelineRow } from "./TimelineRow";
import { type Hovered, TimelineTip } from "./TimelineTip";
import { TimelineTools } from "./TimelineTools";
import classes from "./timeline.module.css";
import { useTimeline } from "./useTimeline";

export interface RunTimelineProps {
  runId: string;
  tasks: RunTask[];
  /** The moment that is looked at; left out for now. */
  at?: string;
  selected: Selection | null;
  onSelect: (selection: Selection | null) => void;
  height?: string;
}

const ROW = 28;
const HEAD = 50;

/** A run's tasks over time: when each worked, when it waited and for what, and which way took the run its time. */
export function RunTimeline({ runId, tasks, at, selected, onSelect, height }: RunTimelineProps) {
  const [isShortened, setShortened] = useState(true);
  const [range, setRange] = useState<Range>(ALL);
  const timeline = useTimeline(runId, tasks, at, isShortened);
  const { rows, scale, now, turn } = timeline;
  const scroll = useRef<HTMLDivElement>(null);
  const id = useId();
  const width = useAxisWidth(scroll);
  const [walked, setWalked] = useState<string | null>(null);
  const [hovered, setHovered] = useState<Hovered | null>(null);
  const chosen = useMemo(() => rows.findIndex((row) => isRowSelected(row, runId, selected)), [rows, runId, selected]);
  const walkedTo = useMemo(() => rows.findIndex((row) => row.key === walked), [rows, walked]);
  const active = walkedTo >= 0 ? walkedTo : Math.max(0, chosen);
  const activeRow = rows[active];
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroll.current,
    estimateSize: () => ROW,
    overscan: 10,
    scrollPaddingStart: HEAD,
    useFlushSync: false,
  });

  // What is selected elsewhere is opened and comes into sight.
  const selectedKey = selected ? `${selected.reference} ${selected.entry ?? ""}` : "";
  const shown = useRef("");
  useEffect(() => {
    if (shown.current === selectedKey || tasks.length === 0) return;
    const task = selected && tasks.findLast((each) => isSelected(selected, each));
    if (!task) return;
    const around = findAround(runId, tasks, task);
    const folded = around.filter((key) => !rows.some((row) => row.key === key && row.isOpen));
    if (folded.length > 0) turn(folded, true);
    else {
      shown.current = selectedKey;
      if (chosen >= 0) virtual.scrollToIndex(chosen, { align: "auto" });
    }
  });

  const select = (row: Row | undefined) => {
    if (!row || row.runId !== runId || row.kind === "iteration") return;
    shown.current = `${row.task.reference} ${row.task.entry || ""}`;
    onSelect({ reference: row.task.reference, entry: row.task.entry || undefined });
  };
  const go = (index: number) => {
    const row = rows[Math.min(rows.length - 1, Math.max(0, index))];
    if (!row) return;
    setWalked(row.key);
    virtual.scrollToIndex(rows.indexOf(row), { align: "auto" });
  };
  const pressKey = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const page = Math.max(1, Math.floor((scroll.current?.clientHeight ?? 0) / ROW) - 3);
    const keys: Record<string, () => void> = {
      ArrowDown: () => go(active + 1),
      ArrowUp: () => go(active - 1),
      PageDown: () => go(active + page),
      PageUp: () => go(active - page),
      Home: () => go(0),
      End: () => go(rows.length - 1),
      ArrowRight: () => {
        if (event.shiftKey) setRange(moveRange(range, 0.2));
        else if (activeRow?.canOpen && !activeRow.isOpen) turn([activeRow.key], true);
        else if (activeRow?.isOpen) go(active + 1);
      },
      ArrowLeft: () => {
        if (event.shiftKey) setRange(moveRange(range, -0.2));
        else if (activeRow?.isOpen) turn([activeRow.key], false);
        else go(rows.findLastIndex((row, index) => index < active && row.depth < (activeRow?.depth ?? 0)));
      },
      Enter: () => select(activeRow),
      " ": () => activeRow?.canOpen && turn([activeRow.key], !activeRow.isOpen),
      Escape: () => onSelect(null),
      "+": () => setRange(zoomRange(range, 1.5)),
      "-": () => setRange(zoomRange(range, 1 / 1.5)),
      "0": () => setRange(ALL),
    };
    const act = keys[event.key === "=" ? "+" : event.key];
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  };
  const findRow = (event: MouseEvent) => {
    const element = (event.target as HTMLElement).closest<HTMLElement>("[data-index]");
    return element ? rows[Number(element.dataset.index)] : undefined;
  };
  const click = (event: MouseEvent) => {
    const row = findRow(event);
    if (!row) return;
    setWalked(row.key);
    if ((event.target as HTMLElement).closest("[data-fold]") || row.kind === "iteration") turn([row.key], !row.isOpen);
    else select(row);
  };
  const hover = (event: PointerEvent) => {
    const row = event.pointerType === "mouse" ? findRow(event) : undefined;
    const segment = (event.target as HTMLElement).dataset.segment;
    setHovered(
      row ? { row, segment: segment === undefined ? null : Number(segment), x: event.clientX, y: event.clientY } : null,
    );
  };
  useZoomWheel(scroll, setRange);
  const shorten = useCallback((shortened: boolean) => {
    setShortened(shortened);
    setRange(ALL);
  }, []);

  const made = virtual.getVirtualItems();
  const isMade = made.some((item) => item.index === active);
  return (
    <>
      <TimelineTools
        hasCritical={timeline.hasCritical}
        isShortened={isShortened}
        onShorten={shorten}
        onRange={setRange}
      />
      <div className={classes.outer}>
        <div
          ref={scroll}
          className={classes.scroll}
          style={{ maxHeight: height ?? "min(68vh, 700px)" }}
          role="tree"
          aria-label="The tasks over time"
          aria-description="Arrows walk, right opens, left folds, Enter selects; plus, minus and zero change how close it is looked at, Shift with left and right moves in time."
          aria-activedescendant={activeRow && isMade ? `${id}-${activeRow.key}` : undefined}
          tabIndex={0}
          onKeyDown={pressKey}
          onClick={click}
          onPointerMove={hover}
          onPointerLeave={() => setHovered(null)}
        >
          <TimelineHead
            scale={scale}
            range={range}
            slices={timeline.slices}
            width={width}
            label={describeStart(momentAt(scale, range.from))}
            onRange={setRange}
          />
          <div className={classes.rows} style={{ height: virtual.getTotalSize() }}>
            <Gaps scale={scale} range={range} />
            {made.map((item) => {
              const row = rows[item.index];
              if (!row) return null;
              return (
                <TimelineRow
                  key={row.key}
                  id={`${id}-${row.key}`}
                  row={row}
                  index={item.index}
                  count={rows.length}
                  top={item.start}
                  scale={scale}
                  range={range}
                  now={row.ended === null ? now : 0}
                  isSelected={item.index === chosen}
                  isActive={item.index === active}
                  showCritical={timeline.hasCritical}
                />
              );
            })}
            {timeline.isLive && <NowLine place={(placeOf(scale, now) - range.from) / (range.to - range.from)} />}
          </div>
        </div>
        <div className={classes.foot}>
          {activeRow && describeRow(activeRow, scale.begin, now)}
          {activeRow && activeRow.runId !== runId && (
            <>
              {" · "}
              <TextLink
                to="/runs/$runId"
                params={{ runId: activeRow.runId }}
                search={{ view: "timeline", task: activeRow.task.reference }}
                size="xs"
              >
                Open it in its own run
              </TextLink>
            </>
          )}
        </div>
      </div>
      {hovered && <TimelineTip {...hovered} begin={scale.begin} now={now} />}
    </>
  );
}

/** The selection is of this run: a task of a child run is not selected. */
function isRowSelected(row: Row, runId: string, selected: Selection | null): boolean {
  return row.runId === runId && row.kind === "task" && isSelected(selected, row.task);
}

/** What is left out of the time, behind all rows. */
function Gaps({ scale, range }: { scale: Scale; range: Range }) {
  return (
    <div className={classes.overlay}>
      {scale.gaps.map((gap) => {
        const { left, right } = placeIn(scale, range, gap.from, gap.to);
        if (right < 0 || left > 1) return null;
        const [from, to] = [Math.max(0, left), Math.min(1, right)];
        const style = { left: `${from * 100}%`, width: `${(to - from) * 100}%` };
        return <div key={gap.from} className={classes.gap} style={style} />;
      })}
    </div>
  );
}

function NowLine({ place }: { place: number }) {
  if (place < 0 || place > 1.001) return null;
  return (
    <div className={classes.overlay}>
      <div className={classes.now} style={{ left: `min(${place * 100}%, 100% - 2px)` }} title="Now" />
    </div>
  );
}
