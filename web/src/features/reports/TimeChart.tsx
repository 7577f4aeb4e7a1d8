import { Loader, Table, Text } from "@mantine/core";
import { type ComponentType, lazy, Suspense } from "react";
import { DataTable } from "@/ui/DataTable";
import { describeTime, type TimeChartProps } from "./timeSeries";

const TimeCanvas: ComponentType<TimeChartProps & { caption: string }> = lazy(async () => ({
  default: (await import("./TimeCanvas")).TimeCanvas,
}));

/** Values over time: drawn, and the same as a table for who cannot see it. */
export function TimeChart({ caption, ...chart }: TimeChartProps & { caption: string }) {
  const { times, series, describe, bucketSeconds } = chart;
  const isByHour = bucketSeconds < 86_400;
  if (series.every(({ values }) => values.every((value) => !value))) {
    return (
      <Text size="sm" c="dimmed">
        {caption}: none in this period.
      </Text>
    );
  }
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
