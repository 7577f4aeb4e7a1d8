import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import type { Bucket, Statistics } from "@/api/schema";
import { Section } from "@/ui/Section";
import { CsvButton } from "./CsvButton";
import { describeLength } from "./comparing";
import { type Period, periodBefore } from "./periods";
import { type Subject, statisticsQuery } from "./queries";
import { TimeChart } from "./TimeChart";
import { describeTime, type TimeSeries } from "./timeSeries";

interface OverTimeProps {
  statistics: Statistics;
  period: Period;
  subject: Subject;
}

/** How much was done, and how long it took, hour by hour or day by day. */
export function OverTime({ statistics, period, subject }: OverTimeProps) {
  const { buckets } = statistics;
  const before = useQuery(statisticsQuery(periodBefore(period), subject));
  const isByHour = period.bucket === "hour";
  const times = useMemo(() => buckets.map(({ begins_at }) => Date.parse(begins_at) / 1000), [buckets]);
  const counts = useMemo(() => makeCounts(buckets, before.data?.buckets ?? []), [buckets, before.data]);
  const lengths = useMemo(() => makeLengths(buckets), [buckets]);
  const unit = isByHour ? "hour" : "day";
  return (
    <>
      <Section
        title="Throughput"
        actions={
          <CsvButton
            name={`runs-by-${unit}`}
            headings={[
              "begins_at",
              "started",
              "completed",
              "faulted",
              "cancelled",
              "damaged",
              "success_rate",
              "p50_seconds",
              "p95_seconds",
            ]}
            rows={() =>
              buckets.map(({ begins_at, figures }) => [
                describeTime(Date.parse(begins_at) / 1000, isByHour),
                figures.started,
                figures.completed,
                figures.faulted,
                figures.cancelled,
                figures.damaged,
                figures.success_rate,
                figures.p50_seconds,
                figures.p95_seconds,
              ])
            }
          />
        }
      >
        <TimeChart
          caption={`Runs that ended, by the ${unit}`}
          times={times}
          series={counts}
          describe={describeCount}
          bucketSeconds={statistics.bucket_seconds}
        />
      </Section>
      <Section title="Durations">
        <TimeChart
          caption={`How long completed runs took, by the ${unit}`}
          times={times}
          series={lengths}
          describe={describeLength}
          bucketSeconds={statistics.bucket_seconds}
        />
      </Section>
    </>
  );
}

function describeCount(count: number | null): string {
  return count === null ? "–" : count.toLocaleString("en");
}

function makeCounts(buckets: Bucket[], before: Bucket[]): TimeSeries[] {
  const of = (find: (bucket: Bucket) => number) => buckets.map(find);
  return [
    {
      label: "Completed",
      kind: "bars",
      color: "var(--mantine-color-teal-6)",
      values: of(({ figures }) => figures.completed),
    },
    {
      label: "Faulted",
      kind: "bars",
      color: "var(--mantine-color-red-6)",
      values: of(({ figures }) => figures.faulted + figures.damaged),
    },
    {
      label: "Both, the period before",
      kind: "dashed",
      color: "var(--mantine-color-dimmed)",
      values: buckets.map((_, index) => {
        const figures = before[index]?.figures;
        return figures ? figures.completed + figures.faulted + figures.damaged : null;
      }),
    },
  ];
}

function makeLengths(buckets: Bucket[]): TimeSeries[] {
  return [
    {
      label: "Median",
      kind: "line",
      color: "var(--mantine-color-blue-6)",
      values: buckets.map(({ figures }) => figures.p50_seconds),
    },
    {
      label: "Slowest twentieth (p95)",
      kind: "dashed",
      color: "var(--mantine-color-orange-6)",
      values: buckets.map(({ figures }) => figures.p95_seconds),
    },
  ];
}
