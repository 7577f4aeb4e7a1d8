import { useQueries } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import type { RunTask } from "@/api/schema";
import { useNow } from "@/ui/useNow";
import { tasksQuery } from "../queries";
import { makeOverview, type Slice } from "./overview";
import { listRows, type Row } from "./rows";
import { findBusy, makeScale, type Scale } from "./scale";

const SLICES = 400;

export interface Timeline {
  rows: Row[];
  scale: Scale;
  slices: Slice[];
  /** The present, or the moment that is looked at. */
  now: number;
  /** Whether something goes on, and it is looked at as it is now. */
  isLive: boolean;
  /** Whether there is more than one way through the run, so that the critical one is worth showing. */
  hasCritical: boolean;
  turned: ReadonlyMap<string, boolean>;
  turn: (keys: string[], isOpen: boolean) => void;
}

/** Returns the rows of a run's timeline and its scale, which follow the run while it goes on. */
export function useTimeline(runId: string, tasks: RunTask[], at: string | undefined, isShortened: boolean): Timeline {
  const [turned, setTurned] = useState<ReadonlyMap<string, boolean>>(new Map());
  const present = useNow();
  const [wanted, setWanted] = useState<readonly string[]>([]);
  const queries = useQueries({ queries: wanted.map((each) => tasksQuery(each)) });
  const childKey = queries.map((each) => each.dataUpdatedAt).join();
  // biome-ignore lint/correctness/useExhaustiveDependencies: the queries are new each time, what they have is not
  const children = useMemo(
    () => new Map(wanted.flatMap((each, index) => (queries[index]?.data ? [[each, queries[index].data.tasks]] : []))),
    [wanted, childKey],
  );
  const rows = useMemo(() => listRows({ runId, tasks, turned, children }), [runId, tasks, turned, children]);
  const open = rows.flatMap((row) => (row.isOpen && row.childRunId !== null ? [row.childRunId] : []));
  if (open.some((each) => !wanted.includes(each))) setWanted([...new Set([...wanted, ...open])]);

  const isLive = at === undefined && tasks.some((task) => !task.ended_at);
  const last = useMemo(() => findLast(tasks), [tasks]);
  const now = at !== undefined ? Date.parse(at) : isLive ? Math.max(present.getTime(), last) : last;
  // All that is in the rows, whether it is open or not, makes the scale: opening a row does not move the others.
  const everything = useMemo(
    () => listRows({ runId, tasks, turned: ALL_OPEN, children: NO_CHILDREN }).flatMap((row) => row.segments),
    [runId, tasks],
  );
  const begin = tasks[0] ? Date.parse(tasks[0].began_at) : now;
  const scale = useMemo(
    () => makeScale(begin, now, isShortened ? findBusy(everything, now) : null),
    [begin, now, isShortened, everything],
  );
  const slices = useMemo(() => makeOverview(everything, scale, now, SLICES), [everything, scale, now]);
  const turn = (keys: string[], isOpen: boolean) =>
    setTurned((before) => new Map([...before, ...keys.map((key): [string, boolean] => [key, isOpen])]));
  const hasCritical = useMemo(() => tasks.some((task) => !task.is_critical), [tasks]);
  return { rows, scale, slices, now, isLive, hasCritical, turned, turn };
}

const NO_CHILDREN: ReadonlyMap<string, RunTask[]> = new Map();
const ALL_OPEN = { get: () => true } as unknown as ReadonlyMap<string, boolean>;

/** Returns when the last thing happened that is known of. */
function findLast(tasks: RunTask[]): number {
  let last = 0;
  for (const task of tasks) last = Math.max(last, Date.parse(task.ended_at ?? task.began_at));
  return last;
}
