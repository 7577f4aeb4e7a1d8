import {
  IconAlertTriangle,
  IconChevronDown,
  IconChevronLeft,
  IconChevronRight,
  IconCircleX,
  IconStarFilled,
} from "@tabler/icons-react";
import { type MouseEvent, memo } from "react";
import type { Box } from "@/graph/drawing";
import { type BlockStory, secondsOf } from "@/graph/story";
import { moodOf } from "@/lib/states";
import { describeSeconds } from "@/lib/time";
import { MOOD_COLORS } from "../moods";
import { StatusIcon } from "../StatusBadge";
import { useNow } from "../useNow";
import { describeCase, describeCounts, describeSpan, describeTarget, describeTimes, type Problem } from "./describe";
import classes from "./graph.module.css";
import { KindIcon } from "./icons";

interface GraphBoxProps {
  box: Box;
  /** What a run made of it; `undefined` if the run has not come to it, `null` where there is no run. */
  story: BlockStory | null | undefined;
  /** The status that is shown; of what is folded, the worst in it. */
  status: string | null;
  /** Whether it is marked as lying on the critical path. */
  isCritical: boolean;
  pick: number | undefined;
  problem: Problem | undefined;
  isSelected: boolean;
  isActive: boolean;
  /** Whether it is drawn too small for words. */
  isTiny: boolean;
  /** The cases of a `switch` by which a run has left it. */
  takenCases: ReadonlySet<string> | null;
  onTurn: (id: string) => void;
  onPick: (id: string, iteration: number | null) => void;
}

/** A task, a block of tasks, or a stretch of a long list. */
export const GraphBox = memo(function GraphBox(props: GraphBoxProps) {
  const { box, story, status, isTiny, isCritical } = props;
  const color = status ? MOOD_COLORS[moodOf(status)] : props.problem ? PROBLEM_COLORS[props.problem] : null;
  const style = {
    left: box.x,
    top: box.y,
    width: box.width,
    height: box.height,
    ...(color && { "--mood": `var(--mantine-color-${color}-filled)`, "--tint": `var(--mantine-color-${color}-light)` }),
  };
  const { block } = box;
  return (
    <div
      className={classes.box}
      style={style}
      title={isTiny ? block.name : undefined}
      data-box={box.id}
      data-open={box.isOpen || undefined}
      data-folded={(box.canFold && !box.isOpen) || undefined}
      data-unreached={story === undefined || undefined}
      data-critical={isCritical || undefined}
      data-selected={props.isSelected || undefined}
      data-active={props.isActive || undefined}
      data-tiny={isTiny || undefined}
      data-status={status ?? undefined}
    >
      {!isTiny && (box.span.length > 0 ? <SpanHeading {...props} /> : <Heading {...props} />)}
      {!isTiny &&
        block.kind === "switch" &&
        box.span.length === 0 &&
        block.cases.map((each) => (
          <div
            key={each.name}
            className={classes.case}
            title={describeCase(each)}
            data-taken={props.takenCases?.has(each.name) || undefined}
          >
            <b>{each.name}</b>
            <code>{each.when || "otherwise"}</code>
            <span>{describeTarget(each.target)}</span>
          </div>
        ))}
    </div>
  );
});

const PROBLEM_COLORS: Record<Problem, string> = { error: "red", warning: "yellow" };

function Heading(props: GraphBoxProps) {
  const { box, story, status, problem, isCritical } = props;
  const { block } = box;
  return (
    <div className={classes.heading} title={describeTitle(props)}>
      <div className={classes.row}>
        <span className={classes.kind}>
          <KindIcon kind={block.kind} />
        </span>
        <span className={classes.name}>{block.name}</span>
        {isCritical && <IconStarFilled size={10} color="var(--mantine-color-orange-6)" aria-hidden />}
        {problem === "error" && <IconCircleX size={14} color="var(--mood)" aria-hidden />}
        {problem === "warning" && <IconAlertTriangle size={14} color="var(--mood)" aria-hidden />}
        {story && story.items > 0 && <IterationPicker {...props} story={story} />}
        {box.canFold && <FoldButton {...props} />}
      </div>
      <div className={classes.row}>
        {story && status ? (
          <Status story={story} status={status} />
        ) : (
          <span className={classes.summary}>{block.summary || (story === undefined ? "not reached" : "")}</span>
        )}
      </div>
    </div>
  );
}

function SpanHeading(props: GraphBoxProps) {
  const { box, status } = props;
  if (box.isOpen) {
    return (
      <div className={classes.row} style={{ padding: "2px 6px" }}>
        <span className={classes.summary}>{describeSpan(box)}</span>
        <FoldButton {...props} />
      </div>
    );
  }
  return (
    <div className={classes.heading}>
      <div className={classes.row}>
        <span className={classes.name}>{describeSpan(box)}</span>
        <FoldButton {...props} />
      </div>
      <div className={classes.row}>
        <span className={classes.status}>
          {status && <StatusIcon status={status} size={13} />}
          {box.span.length} tasks{status && `, ${status}`}
        </span>
      </div>
    </div>
  );
}

function Status({ story, status }: { story: BlockStory; status: string }) {
  const times = describeTimes(story);
  return (
    <span className={classes.status}>
      <StatusIcon status={status} size={13} />
      <span>
        {status} · {story.openSince.length > 0 ? <Ticking story={story} /> : describeSeconds(story.seconds)}
        {times && ` · ${times}`}
      </span>
    </span>
  );
}

function Ticking({ story }: { story: BlockStory }) {
  const now = useNow();
  return <>{describeSeconds(secondsOf(story, now.getTime()))}</>;
}

/** For the mouse; by keyboard, the keys of the tree do it. */
function FoldButton({ box, onTurn }: GraphBoxProps) {
  const turn = (event: MouseEvent) => {
    event.stopPropagation();
    onTurn(box.id);
  };
  const Icon = box.isOpen ? IconChevronDown : IconChevronRight;
  return (
    <button type="button" className={classes.fold} tabIndex={-1} onClick={turn} title={box.isOpen ? "Fold" : "Open"}>
      {!box.isOpen && box.span.length === 0 && (box.block.size || "child run")}
      <Icon size={14} aria-hidden />
    </button>
  );
}

function IterationPicker({ box, story, pick, onPick }: GraphBoxProps & { story: BlockStory }) {
  const choose = (event: MouseEvent, iteration: number | null) => {
    event.stopPropagation();
    onPick(box.id, iteration);
  };
  const last = story.items - 1;
  const before = pick === undefined ? null : pick === 0 ? null : pick - 1;
  const next = pick === undefined ? 0 : pick + 1;
  return (
    <>
      <button
        type="button"
        className={classes.fold}
        tabIndex={-1}
        disabled={pick === undefined}
        onClick={(event) => choose(event, before)}
        title={before === null ? "All iterations" : `Iteration ${before + 1}`}
      >
        <IconChevronLeft size={14} aria-hidden />
      </button>
      <span title={pick === undefined ? "All iterations are shown together" : "The iteration that is shown"}>
        {pick === undefined ? `all ${story.items}` : `${pick + 1}/${story.items}`}
      </span>
      <button
        type="button"
        className={classes.fold}
        tabIndex={-1}
        disabled={pick === last}
        onClick={(event) => choose(event, next)}
        title={`Iteration ${next + 1}`}
      >
        <IconChevronRight size={14} aria-hidden />
      </button>
    </>
  );
}

function describeTitle({ box, story, isCritical }: GraphBoxProps): string {
  const { block } = box;
  const lines = [block.name];
  if (block.summary) lines.push(block.summary);
  if (block.condition) lines.push(`if ${block.condition}`);
  if (story && story.times > 1) lines.push(describeCounts(story));
  if (isCritical) lines.push("on the critical path");
  const error = story?.last.error;
  if (error) lines.push([error.title || error.type, error.detail].filter(Boolean).join(": "));
  if (story?.last.text) lines.push(story.last.text.replaceAll("`", ""));
  return lines.join("\n");
}
