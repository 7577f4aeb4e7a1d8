import { SimpleGrid } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import type { Statistics } from "@/api/schema";
import { QueryView } from "@/ui/QueryView";
import { Section } from "@/ui/Section";
import type { ReportSearch } from "./address";
import { compare, describeLength, describeRate, tellFailureRate } from "./comparing";
import { describeFrequency } from "./delivery";
import { FigureCard } from "./FigureCard";
import { OverTime } from "./OverTime";
import { countDays } from "./periods";
import { statisticsQuery } from "./queries";
import { ReportFilters } from "./ReportFilters";
import { ReportHead } from "./ReportHead";
import { SubjectTable } from "./SubjectTable";
import { TasksSection } from "./TasksSection";
import { usePeriod } from "./usePeriod";

const route = getRouteApi("/reports");

/** How runs went in a period: how many, how well, how long, and where the time went. */
export function ReportsPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const period = usePeriod(search);
  const { namespace, name, version } = search;
  const subject = { namespace, name, version };
  const statistics = useQuery(statisticsQuery(period, subject, name ? "version" : "workflow"));
  const look = (changes: ReportSearch) =>
    void navigate({ search: (before) => ({ ...before, ...changes }), replace: true });
  return (
    <ReportHead kind="runs" title="Reports" subject={describeSubject(search)} period={period} search={search}>
      <ReportFilters search={search} onChange={look} />
      <QueryView query={statistics}>
        {(found) => (
          <>
            <Totals statistics={found} />
            <OverTime statistics={found} period={period} subject={subject} />
            <SubjectTable statistics={found} search={search} />
          </>
        )}
      </QueryView>
      <TasksSection period={period} search={search} />
    </ReportHead>
  );
}

function describeSubject({ namespace, name, version }: ReportSearch): string {
  if (name) return `Runs of ${namespace}/${name}${version ? ` ${version}` : ""}`;
  return namespace ? `Runs of the namespace ${namespace}` : "All runs that you may see";
}

function Totals({ statistics: { since, until, total, before } }: { statistics: Statistics }) {
  const days = countDays({ since, until });
  const count = (key: "started" | "completed" | "faulted", wish: "more" | "less" | "none") => ({
    value: total[key].toLocaleString("en"),
    before: before[key].toLocaleString("en"),
    change: compare(total[key], before[key], wish),
  });
  const length = (key: "p50_seconds" | "p95_seconds") => ({
    value: describeLength(total[key]),
    before: describeLength(before[key]),
    change: compare(total[key], before[key], "less"),
  });
  return (
    <Section title="In this period">
      <SimpleGrid cols={{ base: 2, sm: 3, lg: 4 }} spacing="lg">
        <FigureCard label="Started" {...count("started", "none")} />
        <FigureCard label="Completed" {...count("completed", "none")} />
        <FigureCard label="Faulted" {...count("faulted", "less")} />
        <FigureCard
          label="Success rate"
          value={describeRate(total.success_rate)}
          before={describeRate(before.success_rate)}
          change={compare(total.success_rate, before.success_rate, "more", true)}
          definition="Of the runs that completed or faulted. One that faulted, was repaired and completed counts as both."
        />
        <FigureCard
          label="Failure rate"
          value={describeRate(tellFailureRate(total))}
          before={describeRate(tellFailureRate(before))}
          change={compare(tellFailureRate(total), tellFailureRate(before), "less", true)}
        />
        <FigureCard
          label="Median time"
          {...length("p50_seconds")}
          definition="From start to end of completed runs, waits included, within 10 %."
        />
        <FigureCard
          label="Slowest twentieth"
          {...length("p95_seconds")}
          definition="95 of 100 completed runs took less (p95)."
        />
        <FigureCard
          label="Completed runs"
          value={describeFrequency(total.completed / days)}
          before={describeFrequency(before.completed / days)}
        />
      </SimpleGrid>
    </Section>
  );
}
