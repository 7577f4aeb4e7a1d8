import { Group, SegmentedControl, Stack, Text } from "@mantine/core";
import { IconArrowDown, IconArrowUp, IconEqual, IconGitBranch, IconMinus, IconPlus, IconX } from "@tabler/icons-react";
import { useMemo, useState } from "react";
import type { RunTask, RunView } from "@/api/schema";
import { describeSeconds } from "@/lib/time";
import { TextLink } from "@/ui/links";
import { Prose } from "@/ui/Prose";
import { StatusIcon } from "@/ui/StatusBadge";
import { VirtualRows } from "@/ui/VirtualRows";
import classes from "./compare.module.css";
import { type Comparison, differsInTime, type Pair, type PairDifference } from "./pairs";

interface PairListProps {
  comparison: Comparison;
  first: RunView;
  second: RunView;
}

type Shown = "different" | "slower" | "all";

/** The tasks of two runs, pair by pair. */
export function PairList({ comparison, first, second }: PairListProps) {
  const differing = useMemo(
    () => comparison.pairs.filter((pair) => pair.difference !== "none" || differsInTime(pair)),
    [comparison],
  );
  const [shown, setShown] = useState<Shown>(differing.length > 0 ? "different" : "all");
  const pairs = useMemo(() => {
    if (shown === "all") return comparison.pairs;
    if (shown === "different") return differing;
    return comparison.pairs
      .filter((pair) => pair.longer !== null && differsInTime(pair))
      .sort((one, other) => Math.abs(other.longer ?? 0) - Math.abs(one.longer ?? 0));
  }, [comparison, differing, shown]);
  return (
    <Stack gap="xs">
      <Text size="sm">{sumUp(comparison)}</Text>
      <SegmentedControl
        size="xs"
        value={shown}
        onChange={(chosen) => setShown(chosen as Shown)}
        aria-label="Which tasks"
        style={{ alignSelf: "flex-start" }}
        data={[
          { value: "different", label: `Different (${differing.length})` },
          { value: "slower", label: "By time" },
          { value: "all", label: `All (${comparison.pairs.length})` },
        ]}
      />
      {pairs.length === 0 ? (
        <Text size="sm" c="dimmed">
          {shown === "slower" ? "No task took notably longer or shorter." : "They are the same."}
        </Text>
      ) : (
        <>
          <div className={`${classes.row} ${classes.heading}`} aria-hidden="true">
            <b>Task</b>
            <b>First</b>
            <b>Second</b>
            <b>Difference</b>
          </div>
          <VirtualRows
            count={pairs.length}
            estimate={44}
            label="The tasks of both runs"
            keyOf={(index) => pairs[index]?.key ?? index}
          >
            {(index) => {
              const pair = pairs[index];
              return pair ? <PairRow pair={pair} first={first.run_id} second={second.run_id} /> : null;
            }}
          </VirtualRows>
        </>
      )}
    </Stack>
  );
}

function PairRow({ pair, first, second }: { pair: Pair; first: string; second: string }) {
  return (
    <div className={classes.row} data-difference={pair.difference}>
      <div className={classes.name}>
        {pair.name} <span className={classes.kind}>{pair.kind}</span>
        {pair.around.length > 0 && <div className={classes.around}>{pair.around.join(" › ")}</div>}
      </div>
      <Side task={pair.first} runId={first} />
      <Side task={pair.second} runId={second} />
      <div>
        <Told pair={pair} />
        <Longer pair={pair} />
      </div>
    </div>
  );
}

function Side({ task, runId }: { task: RunTask | null; runId: string }) {
  if (!task) return <span className={classes.kind}>not reached</span>;
  const error = task.error?.title || task.error?.type;
  return (
    <div className={classes.side}>
      <Group gap={4} wrap="nowrap">
        <StatusIcon status={task.status} />
        <TextLink
          to="/runs/$runId"
          params={{ runId }}
          search={{ task: task.reference, entry: task.entry || undefined }}
          size="xs"
        >
          {task.status}
        </TextLink>
        {task.seconds != null && <span className={classes.kind}>{describeSeconds(task.seconds)}</span>}
      </Group>
      {error && <div className={classes.around}>{error}</div>}
      {task.kind === "switch" && task.text && (
        <div className={classes.around}>
          <Prose text={task.text} />
        </div>
      )}
    </div>
  );
}

const WORDS: Record<PairDifference, [string, typeof IconX] | null> = {
  none: null,
  "only-first": ["only in the first", IconMinus],
  "only-second": ["only in the second", IconPlus],
  outcome: ["another outcome", IconX],
  way: ["went another way", IconGitBranch],
};

function Told({ pair }: { pair: Pair }) {
  const words = WORDS[pair.difference];
  if (!words) return null;
  const [text, Icon] = words;
  return (
    <Group gap={4} wrap="nowrap">
      <Icon size={14} aria-hidden />
      <b>{text}</b>
    </Group>
  );
}

function Longer({ pair }: { pair: Pair }) {
  const { longer, first, second } = pair;
  if (longer === null || first?.seconds == null || second?.seconds == null) return null;
  if (!differsInTime(pair)) {
    return (
      <Group gap={4} wrap="nowrap" c="dimmed">
        <IconEqual size={14} aria-hidden />
        about as long
      </Group>
    );
  }
  const factor = second.seconds / Math.max(first.seconds, 0.001);
  const Icon = longer > 0 ? IconArrowUp : IconArrowDown;
  const times = longer > 0 && factor >= 1.5 ? ` (${factor >= 10 ? Math.round(factor) : factor.toFixed(1)} times)` : "";
  return (
    <Group gap={4} wrap="nowrap">
      <Icon size={14} aria-hidden />
      {describeSeconds(Math.abs(longer))} {longer > 0 ? "longer" : "shorter"}
      {times}
    </Group>
  );
}

function countTasks(count: number): string {
  return count === 1 ? "one task" : `${count.toLocaleString("en")} tasks`;
}

function sumUp({ pairs, onlyFirst, onlySecond, outcomes, ways }: Comparison): string {
  const parts = [
    onlyFirst > 0 && `${onlyFirst} only in the first`,
    onlySecond > 0 && `${onlySecond} only in the second`,
    outcomes > 0 && `${outcomes} with another outcome`,
    ways > 0 && `${ways} that went another way`,
  ].filter(Boolean);
  if (parts.length === 0) return `Both took the same path, with the same outcomes: ${countTasks(pairs.length)}.`;
  return `Of ${countTasks(pairs.length)}: ${parts.join(", ")}.`;
}
