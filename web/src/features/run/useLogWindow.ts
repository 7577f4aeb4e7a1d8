import { useEffect, useMemo, useRef, useSyncExternalStore } from "react";
import { api, got } from "@/api/client";
import type { LogQuery } from "./logModel";
import { LogWindow, type ReadPage } from "./logWindow";

/** Looks at a run's log through a filter while it is shown; another filter is another look, which ends the one before. */
export function useLogWindow(runId: string, query: LogQuery, where: "beginning" | "end", isOver: boolean): LogWindow {
  const key = JSON.stringify(query);
  const log = useMemo(
    () => new LogWindow({ runId, query: JSON.parse(key) as LogQuery, read: makeReader(runId) }),
    [runId, key],
  );
  const begin = useRef(where);
  begin.current = where;
  // biome-ignore lint/correctness/useExhaustiveDependencies: a run that goes on has more to say
  useEffect(() => {
    if (log.lines.length === 0) void log.begin(begin.current);
    else log.resume();
    return () => log.stop();
  }, [log, isOver]);
  useSyncExternalStore(log.subscribe, log.getVersion);
  return log;
}

export function makeReader(runId: string): ReadPage {
  return (query, signal) =>
    got(api.GET("/api/v1/runs/{run_id}/log", { params: { path: { run_id: runId }, query }, signal }));
}
