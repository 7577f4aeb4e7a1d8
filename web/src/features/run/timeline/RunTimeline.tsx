import { ActionIcon, Group, Paper, Switch, Text, Tooltip } from "@mantine/core";
import { IconZoomIn, IconZoomOut, IconZoomReset } from "@tabler/icons-react";
import { useVirtualizer } from "@tanstack/react-virtual";
import {
  type KeyboardEvent,
  type MouseEvent,
  type PointerEvent,
  type ReactNode,
  useEffect,
  useId,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from "react";
import type { RunTask } from "@/api/schema";
import { TextLink } from "@/ui/links";
import { isSelected, type Selection } from "../selection";
import { describeRow, describeSegment, describeStart } from "./describe";
import { ALL, moveRange, type Range, zoomRange } from "./range";
import { findAround, type Row } from "./rows";
import { momentAt, placeOf } from "./scale";
import { TimelineHead } from "./TimelineHead";
import { placeIn, TimelineRow } from "./TimelineRow";
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
  const width = useWidth(scroll);
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

  const made = virtual.getVirtualItems();
  const isMade = made.some((item) => item.index === active);
  const zoom = (factor: number) => setRange(zoomRange(range, factor));
  return (
    <>
      <Group justify="space-between" gap="xs">
        <Legend hasCritical={timeline.hasCritical} />
        <Group gap="xs">
          <Switch
            size="xs"
            label="Shorten long waits"
            checked={isShortened}
            onChange={(event) => {
              setShortened(event.currentTarget.checked);
              setRange(ALL);
            }}
          />
          <Group gap={0}>
            <Tool label="Look closer" onClick={() => zoom(1.5)} icon={<IconZoomIn size={16} aria-hidden />} />
            <Tool
              label="Look from further"
              onClick={() => zoom(1 / 1.5)}
              icon={<IconZoomOut size={16} aria-hidden />}
            />
            <Tool
              label="Show all the time"
              onClick={() => setRange(ALL)}
              icon={<IconZoomReset size={16} aria-hidden />}
            />
          </Group>
        </Group>
      </Group>
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
            <div className={classes.overlay}>
              {scale.gaps.map((gap) => {
                const { left, right } = placeIn(scale, range, gap.from, gap.to);
                if (right < 0 || left > 1) return null;
                const [from, to] = [Math.max(0, left), Math.min(1, right)];
                return (
                  <div
                    key={gap.from}
                    className={classes.gap}
                    style={{ left: `${from * 100}%`, width: `${(to - from) * 100}%` }}
                  />
                );
              })}
            </div>
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
      {hovered && <Tip {...hovered} begin={scale.begin} now={now} />}
    </>
  );
}

/** The selection is of this run: a task of a child run is not selected. */
function isRowSelected(row: Row, runId: string, selected: Selection | null): boolean {
  return row.runId === runId && row.kind === "task" && isSelected(selected, row.task);
}

interface Hovered {
  row: Row;
  segment: number | null;
  x: number;
  y: number;
}

function Tip({ row, segment, x, y, begin, now }: Hovered & { begin: number; now: number }) {
  const pointed = segment === null ? undefined : row.segments[segment];
  const left = Math.min(x + 14, window.innerWidth - 350);
  const top = y + 150 > window.innerHeight ? y - 90 : y + 16;
  return (
    <Paper className={classes.tip} withBorder shadow="md" style={{ left, top }}>
      <b>{row.label}</b>
      {pointed && pointed.kind !== "frame" ? (
        <>
          <div>{describeSegment(pointed, now)}</div>
          {pointed.text && <div>{pointed.text}</div>}
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

function NowLine({ place }: { place: number }) {
  if (place < 0 || place > 1.001) return null;
  return (
    <div className={classes.overlay}>
      <div className={classes.now} style={{ left: `min(${place * 100}%, 100% - 2px)` }} title="Now" />
    </div>
  );
}

function Legend({ hasCritical }: { hasCritical: boolean }) {
  const marks: [string, object][] = [
    ["works", { "data-kind": "work" }],
    ["waits", { "data-kind": "wait" }],
    ["failed", { "data-kind": "work", "data-bad": true }],
    ["child run", { "data-kind": "child" }],
  ];
  return (
    <Text size="xs" c="dimmed" component="div">
      <Group gap="sm">
        {marks.map(([label, marked]) => (
          <span key={label}>
            <span className={classes.swatch} aria-hidden="true">
              <span className={classes.bar} {...marked} />
            </span>
            {label}
          </span>
        ))}
        {hasCritical && (
          <span>
            <span className={classes.swatch} aria-hidden="true">
              <span className={classes.critical} style={{ left: 0, right: 0, bottom: 5 }} />
            </span>
            critical path
          </span>
        )}
      </Group>
    </Text>
  );
}

function Tool({ label, icon, onClick }: { label: string; icon: ReactNode; onClick: () => void }) {
  return (
    <Tooltip label={label}>
      <ActionIcon variant="subtle" color="gray" size="md" aria-label={label} onClick={onClick}>
        {icon}
      </ActionIcon>
    </Tooltip>
  );
}

/** With Ctrl, the wheel looks closer at what is pointed at; sideways, it moves in time. */
function useZoomWheel(
  scroll: React.RefObject<HTMLElement | null>,
  setRange: (change: (range: Range) => Range) => void,
) {
  useEffect(() => {
    const element = scroll.current;
    if (!element) return;
    const turnWheel = (event: WheelEvent) => {
      const track = element.querySelector(`.${classes.axis}`)?.getBoundingClientRect();
      if (!track) return;
      if (event.ctrlKey || event.metaKey) {
        event.preventDefault();
        const around = Math.min(1, Math.max(0, (event.clientX - track.left) / track.width));
        setRange((range) => zoomRange(range, Math.exp(-event.deltaY * 0.002), around));
      } else if (Math.abs(event.deltaX) > Math.abs(event.deltaY) || event.shiftKey) {
        event.preventDefault();
        const by = (event.shiftKey && event.deltaX === 0 ? event.deltaY : event.deltaX) / track.width;
        setRange((range) => moveRange(range, by));
      }
    };
    element.addEventListener("wheel", turnWheel, { passive: false });
    return () => element.removeEventListener("wheel", turnWheel);
  }, [scroll, setRange]);
}

function useWidth(scroll: React.RefObject<HTMLElement | null>): number {
  const [width, setWidth] = useState(800);
  useLayoutEffect(() => {
    const axis = scroll.current?.querySelector(`.${classes.axis}`);
    if (!axis) return;
    const observer = new ResizeObserver(() => setWidth(axis.clientWidth));
    observer.observe(axis);
    return () => observer.disconnect();
  }, [scroll]);
  return width;
}
