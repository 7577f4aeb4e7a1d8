import { memo } from "react";
import type { Layout, Route } from "@/graph/drawing";
import { arrowPath, linePath } from "@/graph/paths";
import classes from "./graph.module.css";

interface GraphLinesProps {
  layout: Layout;
  /** The routes that a run went along; without a run, none is marked. */
  taken: ReadonlySet<string> | null;
}

/** The lines of a drawing. However many there are, they are few elements: one path for each look. */
export const GraphLines = memo(function GraphLines({ layout, taken }: GraphLinesProps) {
  const isTaken = (route: Route) => taken?.has(route.id) ?? false;
  const weak = layout.routes.filter((route) => !isTaken(route) && (taken !== null || isAside(route)));
  const plain = layout.routes.filter((route) => taken === null && !isAside(route));
  const strong = layout.routes.filter(isTaken);
  const stops = layout.routes.filter((route) => route.kind === "stop");
  const hasEnd = layout.end[1] > 0;
  return (
    <svg className={classes.lines} width={layout.width} height={layout.height} aria-hidden="true">
      <Lines routes={weak} look="weak" />
      <Lines routes={plain} />
      <Lines routes={strong} look="taken" />
      {stops.map((route) => {
        const [x, y] = route.points.at(-1) ?? [0, 0];
        return <rect key={route.id} className={classes.endCore} x={x} y={y - 5} width={5} height={10} rx={1} />;
      })}
      {hasEnd && (
        <>
          <circle className={classes.endCore} cx={layout.start[0]} cy={layout.start[1]} r={6} />
          <circle className={classes.end} cx={layout.end[0]} cy={layout.end[1] + 7} r={7} />
          <circle className={classes.endCore} cx={layout.end[0]} cy={layout.end[1] + 7} r={3.5} />
        </>
      )}
    </svg>
  );
});

function isAside({ kind }: Route): boolean {
  return kind === "loop" || kind === "catch";
}

function Lines({ routes, look }: { routes: Route[]; look?: "weak" | "taken" }) {
  if (routes.length === 0) return null;
  const marks = { "data-weak": look === "weak" || undefined, "data-taken": look === "taken" || undefined };
  return (
    <>
      <path className={classes.line} {...marks} d={routes.map(linePath).join("")} />
      <path className={classes.arrow} {...marks} d={routes.map(arrowPath).join("")} />
    </>
  );
}
