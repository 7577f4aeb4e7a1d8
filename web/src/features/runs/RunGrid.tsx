import { Text } from "@mantine/core";
import { useQueries, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type KeyboardEvent, type ReactNode, useEffect, useRef, useState } from "react";
import type { RunView } from "@/api/schema";
import { moodOf } from "@/lib/states";
import { describeMoment, describeSeconds, secondsBetween } from "@/lib/time";
import { MOOD_COLORS } from "@/ui/moods";
import { QueryView } from "@/ui/QueryView";
import { StatusIcon } from "@/ui/StatusBadge";
import type { RunFilters } from "./address";
import { type Cell, type Column, describeCell, mergeRows, type TaskRow } from "./grid";
import { columnQuery, tasksOfWorkflowQuery } from "./gridQueries";
import { newestQuery } from "./queries";
import styles from "./RunGrid.module.css";

const MOST_RUNS = 25;
const HIGHEST = 40;

/** The newest runs of one workflow as columns, its tasks as rows: what became of each, at a glance. */
export function RunGrid({ filters, empty }: { filters: RunFilters; empty: ReactNode }) {
  const newest = useQuery(newestQuery(filters, MOST_RUNS));
  return (
    <QueryView query={newest}>
      {({ items, next }) => (items.length === 0 ? empty : <Grid runs={items} hasMore={next !== null} />)}
    </QueryView>
  );
}

/** Reads the tasks of runs, the newest run first, and shows the newest at the right. */
function Grid({ runs, hasMore }: { runs: RunView[]; hasMore: boolean }) {
  const workflow = useQuery(tasksOfWorkflowQuery(runs[0]?.run_id ?? ""));
  // They are read in this order, and the newest are looked at first.
  const columns = useQueries({ queries: runs.map((run) => columnQuery(run.run_id)) });
  const read = columns.map((query) => query.data);
  const rows = mergeRows([workflow.data ?? [], ...read.map((column) => column?.rows ?? [])]);
  const failed = columns.filter((query) => query.isError).length;
  return (
    <>
      <Text size="sm" c="dimmed" role="status">
        {describeRuns(runs.length, hasMore)} The newest is at the right; a bar shows how long each took.
        {failed > 0 && ` The tasks of ${failed} of them could not be read.`}
      </Text>
      <GridTable runs={[...runs].reverse()} rows={rows} columns={[...read].reverse()} />
    </>
  );
}

interface GridTableProps {
  runs: RunView[];
  rows: TaskRow[];
  columns: (Column | undefined)[];
}

function GridTable({ runs, rows, columns }: GridTableProps) {
  const box = useRef<HTMLDivElement>(null);
  const last = runs.length - 1;
  const [active, setActive] = useState({ row: 0, column: last });
  useEffect(() => {
    if (box.current) box.current.scrollLeft = box.current.scrollWidth;
  }, []);
  const lengths = runs.map((run) => secondsBetween(run.created_at, run.ended_at, new Date()));
  const longest = Math.max(0.001, ...lengths);
  const isActive = (row: number, column: number) =>
    row === Math.min(active.row, rows.length) && column === Math.min(active.column, last);
  const onKeyDown = (event: KeyboardEvent) => {
    const moves: Record<string, [number, number]> = {
      ArrowUp: [-1, 0],
      ArrowDown: [1, 0],
      ArrowLeft: [0, -1],
      ArrowRight: [0, 1],
      Home: [0, -last],
      End: [0, last],
    };
    const move = moves[event.key];
    if (!move || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const row = clamp(active.row + move[0], rows.length);
    const column = clamp(active.column + move[1], last);
    setActive({ row, column });
    box.current?.querySelector<HTMLElement>(`[data-place="${row}-${column}"]`)?.focus();
  };
  return (
    <div className={styles.box} ref={box}>
      {/* biome-ignore lint/a11y/noNoninteractiveElementToInteractiveRole: a table that one moves in by arrow keys */}
      <table className={styles.grid} role="grid" aria-label="Tasks of the newest runs" onKeyDown={onKeyDown}>
        <thead>
          <tr>
            <th scope="col" className={styles.name}>
              <Text size="sm" fw={600}>
                Task
              </Text>
            </th>
            {runs.map((run, column) => (
              <th key={run.run_id} scope="col" className={styles.cell}>
                <Link
                  to="/runs/$runId"
                  params={{ runId: run.run_id }}
                  className={styles.run}
                  title={describeRun(run)}
                  aria-label={describeRun(run)}
                  tabIndex={isActive(0, column) ? 0 : -1}
                  data-place={`0-${column}`}
                  onFocus={() => setActive({ row: 0, column })}
                >
                  <span
                    className={styles.length}
                    style={{
                      height: Math.round(((lengths[column] ?? 0) / longest) * HIGHEST),
                      background: `var(--mantine-color-${MOOD_COLORS[moodOf(run.status)]}-6)`,
                    }}
                  />
                  <Sign status={run.status} />
                </Link>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, index) => (
            <tr key={row.key}>
              <th scope="row" className={styles.name}>
                <Text size="sm" pl={row.depth * 14} lineClamp={1} title={row.name}>
                  {row.name}
                </Text>
              </th>
              {runs.map((run, column) => (
                <td key={run.run_id} className={styles.cell}>
                  <CellLink
                    run={run}
                    row={row}
                    cell={columns[column]?.cells[row.key]}
                    isRead={columns[column] !== undefined}
                    place={`${index + 1}-${column}`}
                    isActive={isActive(index + 1, column)}
                    onFocus={() => setActive({ row: index + 1, column })}
                  />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface CellLinkProps {
  run: RunView;
  row: TaskRow;
  cell: Cell | undefined;
  isRead: boolean;
  place: string;
  isActive: boolean;
  onFocus: () => void;
}

function CellLink({ run, row, cell, isRead, place, isActive, onFocus }: CellLinkProps) {
  const focus = { className: styles.link, tabIndex: isActive ? 0 : -1, "data-place": place, onFocus };
  const text = isRead ? describeCell(row, cell) : `${row.name}: being read`;
  if (!cell) {
    return (
      <span {...focus} role="img" title={text} aria-label={text}>
        <Text span c="dimmed" aria-hidden>
          {isRead ? "·" : "…"}
        </Text>
      </span>
    );
  }
  return (
    <Link
      to="/runs/$runId"
      params={{ runId: run.run_id }}
      search={{ task: cell.reference }}
      title={text}
      aria-label={`${text}; the run of ${describeMoment(new Date(run.created_at))}`}
      {...focus}
    >
      <Sign status={cell.status} />
    </Link>
  );
}

/** A status as an icon in its colour. */
function Sign({ status }: { status: string }) {
  const color = `var(--mantine-color-${MOOD_COLORS[moodOf(status)]}-light`;
  return (
    <span className={styles.sign} style={{ background: `${color})`, color: `${color}-color)` }}>
      <StatusIcon status={status} size={16} />
    </span>
  );
}

function describeRun(run: RunView): string {
  const took = describeSeconds(Math.max(0, secondsBetween(run.created_at, run.ended_at, new Date())));
  return `${describeMoment(new Date(run.created_at))}: ${run.status}, ${took}, version ${run.version}`;
}

function describeRuns(count: number, hasMore: boolean): string {
  if (hasMore) return `The newest ${count} runs that match.`;
  return count === 1 ? "The one run that matches." : `The ${count} runs that match.`;
}

function clamp(value: number, most: number): number {
  return Math.min(most, Math.max(0, value));
}
