import { Loader, Table } from "@mantine/core";
import { type ComponentType, lazy, Suspense } from "react";
import { DataTable } from "@/ui/DataTable";

export interface TimeSeries {
  label: string;
  values: (number | null)[];
  /** A colour of the theme, as a CSS variable. */
  color: string;
  /** Bars lie one upon the other in the order in which they are given. */
  kind: "bars" | "line" | "dashed";
}

export interface TimeChartProps {
  /** When each value begins, in seconds since 1970. */
  times: number[];
  series: TimeSeries[];
  describe: (value: number | null) => string;
}

interface TimeChartFigureProps extends TimeChartProps {
  caption: string;
  isByHour: boolean;
}

const TimeCanvas: ComponentType<TimeChartProps & { caption: string }> = lazy(async () => ({
  default: (await import("./TimeCanvas")).TimeCanvas,
}));

/** Values over time: drawn, and the same as a table for who cannot see it. */
export function TimeChart({ caption, isByHour, ...chart }: TimeChartFigureProps) {
  const { times, series, describe } = chart;
  return (
    <figure style={{ margin: 0 }}>
      <Suspense fallback={<Loader size="sm" aria-label="Loading" />}>
        <TimeCanvas {...chart} caption={caption} />
      </Suspense>
      <details>
        <summary className="no-print" style={{ cursor: "pointer", fontSize: "var(--mantine-font-size-sm)" }}>
          The same as a table
        </summary>
        <DataTable
          caption={caption}
          headings={[isByHour ? "Hour (UTC)" : "Day (UTC)", ...series.map((each) => each.label)]}
          minWidth={400}
        >
          {times.map((time, index) => (
            <Table.Tr key={time}>
              <Table.Td>{describeTime(time, isByHour)}</Table.Td>
              {series.map((each) => (
                <Table.Td key={each.label}>{describe(each.values[index] ?? null)}</Table.Td>
              ))}
            </Table.Tr>
          ))}
        </DataTable>
      </details>
    </figure>
  );
}

/** Says an hour or a day of UTC. */
export function describeTime(seconds: number, isByHour: boolean): string {
  const text = new Date(seconds * 1000).toISOString();
  return isByHour ? text.slice(0, 16).replace("T", " ") : text.slice(0, 10);
}
