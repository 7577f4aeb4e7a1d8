import { Group, Text, VisuallyHidden } from "@mantine/core";
import type { Bucket } from "@/api/schema";
import { describeMoment } from "@/lib/time";

const WIDTH = 720;
const HEIGHT = 96;

/** Ended runs by hour or day as stacked bars: those that completed, and above them those that did not. */
export function HourBars({ buckets, caption }: { buckets: Bucket[]; caption: string }) {
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
            <g key={begins_at}>
              <title>{describeBucket({ begins_at, figures })}</title>
              <rect x={index * step} y={0} width={step} height={HEIGHT} fill="transparent" />
              <rect x={x} y={HEIGHT - good} width={step * 0.8} height={good} fill="var(--mantine-color-teal-6)" />
              <rect x={x} y={HEIGHT - good - bad} width={step * 0.8} height={bad} fill="var(--mantine-color-red-6)" />
            </g>
          );
        })}
      </svg>
      <figcaption>
        <Group justify="space-between">
          <Text size="xs" c="dimmed">
            {caption}
          </Text>
          <Text size="xs" c="dimmed">
            lower: completed, upper: faulted or damaged; most: {most}
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

function countBad(figures: Bucket["figures"]): number {
  return figures.faulted + figures.damaged;
}

function describeBucket({ begins_at, figures }: Bucket): string {
  return `${describeMoment(new Date(begins_at))}: ${figures.completed} completed, ${countBad(figures)} faulted`;
}
