import { Group, Text, VisuallyHidden } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { Bucket } from "@/api/schema";
import { describeRate } from "@/lib/figures";
import { describeMoment } from "@/lib/time";

const WIDTH = 720;
const HEIGHT = 96;

interface HourBarsProps {
  buckets: Bucket[];
  caption: string;
  /** The search of the list of runs that shows what a bar counts; bars are links for the mouse then. */
  searchOf?: (bucket: Bucket) => { ended_after: string; ended_before: string };
}

/**
 * Ended runs by hour or day as stacked bars: those that completed, and above them those that did not; and as a line the
 * share of those that completed.
 */
export function HourBars({ buckets, caption, searchOf }: HourBarsProps) {
  const most = Math.max(1, ...buckets.map(({ figures }) => figures.completed + countBad(figures)));
  const step = WIDTH / Math.max(1, buckets.length);
  const scale = (count: number) => (count / most) * (HEIGHT - 4);
  return (
    <figure style={{ margin: 0 }}>
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        width="100%"
        height={HEIGHT}
        preserveAspectRatio="none"
        role="presentation"
      >
        <line x1={0} x2={WIDTH} y1={HEIGHT - 0.5} y2={HEIGHT - 0.5} stroke="var(--mantine-color-default-border)" />
        {buckets.map(({ begins_at, figures }, index) => {
          const good = scale(figures.completed);
          const bad = scale(countBad(figures));
          const x = index * step + step * 0.1;
          return (
            <Bar key={begins_at} search={good + bad > 0 ? searchOf?.({ begins_at, figures }) : undefined}>
              <title>{describeBucket({ begins_at, figures })}</title>
              <rect x={index * step} y={0} width={step} height={HEIGHT} fill="transparent" />
              <rect x={x} y={HEIGHT - good} width={step * 0.8} height={good} fill="var(--mantine-color-teal-6)" />
              <rect x={x} y={HEIGHT - good - bad} width={step * 0.8} height={bad} fill="var(--mantine-color-red-6)" />
            </Bar>
          );
        })}
        <path
          d={drawRate(buckets, step)}
          fill="none"
          stroke="var(--mantine-color-text)"
          strokeWidth={1.5}
          strokeLinecap="round"
          vectorEffect="non-scaling-stroke"
          pointerEvents="none"
        />
      </svg>
      <figcaption>
        <Group justify="space-between">
          <Text size="xs" c="dimmed">
            {caption}
          </Text>
          <Text size="xs" c="dimmed">
            lower: completed, upper: faulted or damaged (most: {most.toLocaleString("en")}); line: share that completed
          </Text>
        </Group>
        <VisuallyHidden>
          <ul>
            {buckets
              .filter(({ figures }) => figures.completed + countBad(figures) > 0)
              .map((bucket) => (
                <li key={bucket.begins_at}>{describeBucket(bucket)}</li>
              ))}
          </ul>
        </VisuallyHidden>
      </figcaption>
    </figure>
  );
}

/** A bar; a link where it leads somewhere. The keyboard gets there by the figures above, and by the list's own bars. */
function Bar({
  search,
  children,
}: {
  search: ReturnType<NonNullable<HourBarsProps["searchOf"]>> | undefined;
  children: ReactNode;
}) {
  if (!search) return <g>{children}</g>;
  return (
    <Link to="/runs" search={search} tabIndex={-1} aria-hidden>
      {children}
    </Link>
  );
}

/** Draws the share of runs that completed; it is broken where no run ended. */
function drawRate(buckets: Bucket[], step: number): string {
  let isBroken = true;
  return buckets
    .map(({ figures: { success_rate } }, index) => {
      const command = isBroken ? "M" : "L";
      isBroken = success_rate === null;
      if (success_rate === null) return "";
      const y = 2 + (1 - success_rate) * (HEIGHT - 4);
      const [from, to] = [(index + 0.1) * step, (index + 0.9) * step];
      return `${command}${from} ${y}L${to} ${y}`;
    })
    .join("");
}

function countBad(figures: Bucket["figures"]): number {
  return figures.faulted + figures.damaged;
}

function describeBucket({ begins_at, figures }: Bucket): string {
  const { completed, success_rate } = figures;
  const rate = success_rate === null ? "" : `, ${describeRate(success_rate)} succeeded`;
  return `${describeMoment(new Date(begins_at))}: ${completed} completed, ${countBad(figures)} faulted${rate}`;
}
