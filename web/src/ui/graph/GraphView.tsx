import { Group, Paper } from "@mantine/core";
import { IconMaximize, IconZoomIn, IconZoomOut } from "@tabler/icons-react";
import { type KeyboardEvent, type MouseEvent, useEffect, useId, useMemo, useRef, useState } from "react";
import type { Box, Layout } from "@/graph/drawing";
import type { Picks, Told } from "@/graph/story";
import { findTaken } from "@/graph/taken";
import { findSeen, isSeen } from "@/graph/view";
import { findBox, takeStep } from "@/graph/walking";
import { IconTool } from "../IconTool";
import type { Problem } from "./describe";
import { GraphBoxes } from "./GraphBoxes";
import { GraphItems } from "./GraphItems";
import { GraphLines } from "./GraphLines";
import classes from "./graph.module.css";
import { useView } from "./useView";

export interface GraphViewProps {
  layout: Layout;
  /** What it is, for screen readers. */
  label: string;
  /** What a run made of it; left out where there is no run. */
  told?: Told;
  selected: string | null;
  onSelect: (id: string | null) => void;
  /** Folds what is open, and opens what is folded. */
  onTurn: (id: string) => void;
  picks?: Picks;
  onPick?: (id: string, iteration: number | null) => void;
  problems?: ReadonlyMap<string, Problem>;
  /** What is brought into sight at first, where nothing is selected. */
  focus?: string | null;
  height?: string;
}

const NO_PICKS: Picks = new Map();
const ignore = () => {};
/** Below this scale words cannot be read. */
const WORDS = 0.36;

/** A drawing of a workflow that can be moved, made larger, walked through and heard. */
export function GraphView(props: GraphViewProps) {
  const { layout, told, selected, onSelect, onTurn, picks = NO_PICKS, onPick = ignore, problems } = props;
  const window = useRef<HTMLDivElement>(null);
  const id = useId();
  const control = useView(window, layout);
  const { view, size, reveal } = control;
  const selectedBox = useMemo(
    () => (selected === null ? undefined : findBox(layout.boxes, selected)),
    [layout, selected],
  );
  const [walked, setWalked] = useState<string | null>(null);
  const active = useMemo(
    () => layout.boxes.find((box) => box.id === walked) ?? selectedBox ?? layout.boxes[0],
    [layout, walked, selectedBox],
  );
  const taken = useMemo(() => (told ? findTaken(layout, told.edges) : null), [layout, told]);
  const seen = findSeen(view, size);
  const seenKey = `${seen.x} ${seen.y} ${seen.width} ${seen.height}`;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key says what of the area has changed
  const shown = useMemo(() => layout.boxes.filter((box) => isSeen(box, seen)), [layout, seenKey]);

  // What was selected elsewhere comes into sight, once the window has its size.
  const isKnown = size.width > 0;
  const revealed = useRef<string | null>(null);
  const focus = useRef(props.focus ?? null);
  useEffect(() => {
    if (isKnown && focus.current !== null) {
      const box = findBox(layout.boxes, focus.current);
      focus.current = null;
      if (box && !selectedBox) reveal(box);
    }
    if (!isKnown || revealed.current === (selectedBox?.id ?? null)) return;
    revealed.current = selectedBox?.id ?? null;
    if (selectedBox) reveal(selectedBox);
  }, [isKnown, layout, selectedBox, reveal]);

  const go = (box: Box | undefined) => {
    if (!box) return;
    setWalked(box.id);
    reveal(box);
  };
  const pickNext = (box: Box, by: number) => {
    const items = told?.stories.get(box.id)?.items ?? 0;
    if (items === 0) return;
    const next = (picks.get(box.id) ?? -1) + by;
    if (next < items) onPick(box.id, next < 0 ? null : next);
  };
  const pressKey = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target !== event.currentTarget) return;
    const step = takeStep(layout.boxes, active?.id ?? null, event.key);
    if (step && "go" in step) go(layout.boxes.find((box) => box.id === step.go));
    else if (step && "turn" in step) onTurn(step.turn);
    else if (step && "pick" in step && active) active.span.length > 0 ? onTurn(active.id) : onSelect(step.pick);
    else if (event.key === "Escape" && selected !== null) onSelect(null);
    else if (event.key === "+" || event.key === "=") control.zoom(1.25);
    else if (event.key === "-") control.zoom(0.8);
    else if (event.key === "0") control.fit();
    else if (event.key === "]" && active) pickNext(active, 1);
    else if (event.key === "[" && active) pickNext(active, -1);
    else if (!(event.key === " " || event.key.startsWith("Arrow"))) return;
    event.preventDefault();
    event.stopPropagation();
  };
  const click = (event: MouseEvent) => {
    if (control.hasDragged()) return;
    const hit = (event.target as HTMLElement).closest<HTMLElement>("[data-box]")?.dataset.box;
    const box = layout.boxes.find((each) => each.id === hit);
    if (!box) return onSelect(null);
    setWalked(box.id);
    if (box.span.length > 0) onTurn(box.id);
    else {
      revealed.current = box.id;
      onSelect(box.id);
    }
  };
  const activeIndex = useMemo(() => (active ? layout.boxes.indexOf(active) : -1), [layout, active]);
  return (
    <div className={classes.frameOuter}>
      <div
        ref={window}
        className={classes.window}
        style={{ height: props.height ?? "min(70vh, 720px)" }}
        role="tree"
        aria-label={props.label}
        aria-description="Arrows walk in the order of the flow, right opens, left folds or goes out, Enter selects; plus, minus and zero change the size; brackets choose an iteration of a loop."
        aria-activedescendant={activeIndex >= 0 ? `${id}-${activeIndex}` : undefined}
        tabIndex={0}
        data-dragging={control.isDragging || undefined}
        data-x={view.x}
        data-y={view.y}
        data-scale={view.scale}
        onKeyDown={pressKey}
        onClick={click}
        {...control.handlers}
      >
        <GraphItems
          id={id}
          layout={layout}
          told={told}
          picks={picks}
          problems={problems}
          selected={selectedBox?.id ?? null}
        />
        <div
          className={classes.drawing}
          style={{ transform: `translate(${view.x}px, ${view.y}px) scale(${view.scale})` }}
          aria-hidden="true"
        >
          <GraphBoxes
            layout={layout}
            shown={shown}
            told={told}
            picks={picks}
            problems={problems}
            selected={selectedBox?.id ?? null}
            active={active?.id ?? null}
            isTiny={view.scale < WORDS}
            onTurn={onTurn}
            onPick={onPick}
          />
          <GraphLines layout={layout} taken={taken} />
        </div>
      </div>
      <Paper className={classes.tools} withBorder shadow="xs" radius="sm">
        <Group gap={0}>
          <IconTool label="Larger" onClick={() => control.zoom(1.25)} icon={<IconZoomIn size={16} aria-hidden />} />
          <IconTool label="Smaller" onClick={() => control.zoom(0.8)} icon={<IconZoomOut size={16} aria-hidden />} />
          <IconTool label="Show all" onClick={control.fit} icon={<IconMaximize size={16} aria-hidden />} />
        </Group>
      </Paper>
    </div>
  );
}
