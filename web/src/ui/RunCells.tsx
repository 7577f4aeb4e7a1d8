/**
 * What is said of a run in a row, wherever runs are listed. There are many rows, and they come and go as one scrolls:
 * they are made of plain elements.
 */
import { useRouter } from "@tanstack/react-router";
import type { CSSProperties, MouseEvent } from "react";
import type { RunView } from "@/api/schema";
import { Ago } from "./Moment";
import classes from "./RunCells.module.css";

/** A link to a run: its id. */
export function RunLink({ runId }: { runId: string }) {
  const router = useRouter();
  const target = { to: "/runs/$runId", params: { runId } } as const;
  const preload = () => void router.preloadRoute(target);
  const go = (event: MouseEvent) => {
    if (event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    void router.navigate(target);
  };
  return (
    <a
      className={classes.run}
      href={`/runs/${encodeURIComponent(runId)}`}
      onClick={go}
      onMouseEnter={preload}
      onFocus={preload}
    >
      {runId}
    </a>
  );
}

/** What a run is of, and below it what is to be said of where it stands: its error, or until when it waits, or that only an event moves it on. */
export function RunSubject({ run, lines }: { run: RunView; lines: 1 | 2 }) {
  const clamp = { "--lines": lines } as CSSProperties;
  return (
    <>
      <span className={classes.subject} style={clamp}>
        {run.namespace}/{run.name} <span className={classes.version}>{run.version}</span>
      </span>
      {run.error ? (
        <span className={classes.told} style={clamp} title={run.error}>
          {run.error}
        </span>
      ) : run.waits_until ? (
        <span className={classes.told} style={clamp}>
          goes on <Ago at={run.waits_until} />
        </span>
      ) : run.status === "waiting" ? (
        <span className={classes.told} style={clamp}>
          waits for an event
        </span>
      ) : null}
    </>
  );
}
