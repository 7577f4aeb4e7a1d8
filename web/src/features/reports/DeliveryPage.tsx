import { Loader, SimpleGrid, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useMay } from "@/features/session/permissions";
import { EmptyState } from "@/ui/EmptyState";
import { ErrorNotice } from "@/ui/ErrorNotice";
import { QueryView } from "@/ui/QueryView";
import { SearchInput } from "@/ui/SearchInput";
import { Section } from "@/ui/Section";
import type { DeliverySearch } from "./address";
import { compare, describeLength, describeRate } from "./comparing";
import { type DeliveryFigures, describeFrequency, makeDeliveryFigures } from "./delivery";
import { FigureCard } from "./FigureCard";
import { countDays, type Period, periodBefore } from "./periods";
import { changesQuery, type Deliveries, deliveriesQuery, MOST_DELIVERIES, MOST_INPUTS } from "./queries";
import { ReportFilters } from "./ReportFilters";
import { ReportHead } from "./ReportHead";
import { RestoreTable } from "./RestoreTable";
import { usePeriod } from "./usePeriod";

const route = getRouteApi("/reports/delivery");

/** The four figures of delivery, from the runs of a workflow that delivers something. */
export function DeliveryPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const period = usePeriod(search);
  const mayReadData = useMay()("run.data", search.namespace);
  const look = (changes: DeliverySearch) =>
    void navigate({ search: (before) => ({ ...before, ...changes }), replace: true });
  const { namespace, name } = search;
  return (
    <ReportHead
      kind="delivery"
      title="Delivery"
      subject={name ? `Runs of ${namespace}/${name}` : "Runs of a workflow"}
      period={period}
      search={search}
    >
      <ReportFilters search={search} onChange={({ version: _, ...changes }) => look(changes)} isOfOne />
      {name && mayReadData && (
        <SearchInput
          className="no-print"
          type="text"
          label="Where the input says when the change was made"
          description={`Such as commit.timestamp. Left out, the lead time begins with the start of the run. The inputs of the newest ${MOST_INPUTS} deployments are read.`}
          value={search.change}
          onChange={(change) => look({ change })}
          maw={480}
        />
      )}
      {namespace && name ? (
        <Figures namespace={namespace} name={name} period={period} place={mayReadData ? search.change : undefined} />
      ) : (
        <EmptyState title="Choose the workflow that delivers">
          Each of its runs counts as a deployment: how often it delivers, how long that takes, how often it fails and
          how soon that is made good.
        </EmptyState>
      )}
    </ReportHead>
  );
}

interface FiguresProps {
  namespace: string;
  name: string;
  period: Period;
  /** Where the input says when the change was made. */
  place: string | undefined;
}

function Figures({ namespace, name, period, place }: FiguresProps) {
  const now = useQuery(deliveriesQuery(period, namespace, name));
  const before = useQuery(deliveriesQuery(periodBefore(period), namespace, name));
  const changes = useChanges(now.data, place);
  const changesBefore = useChanges(before.data, place);
  const days = countDays(period);
  const earlier = before.data && makeDeliveryFigures(before.data.runs, days, changesBefore.data);
  return (
    <>
      {before.error && <ErrorNotice error={before.error} onRetry={() => void before.refetch()} />}
      {changes.error && <ErrorNotice error={changes.error} onRetry={() => void changes.refetch()} />}
      <QueryView query={now}>
        {(found) => {
          const figures = makeDeliveryFigures(found.runs, days, changes.data);
          return (
            <>
              <Cards figures={figures} before={earlier} place={place} isReading={changes.isFetching} />
              {found.isPartial && (
                <Text size="sm">
                  The period has more than {MOST_DELIVERIES.toLocaleString("en")} runs; the newest of them are told of,
                  so take a shorter one.
                </Text>
              )}
              <RestoreTable figures={figures} />
            </>
          );
        }}
      </QueryView>
    </>
  );
}

function useChanges(deliveries: Deliveries | undefined, place: string | undefined) {
  const runIds = (deliveries?.runs ?? [])
    .filter((run) => run.status === "completed")
    .slice(0, MOST_INPUTS)
    .map((run) => run.run_id);
  return useQuery({ ...changesQuery(runIds, place ?? ""), enabled: place !== undefined && runIds.length > 0 });
}

interface CardsProps {
  figures: DeliveryFigures;
  before: DeliveryFigures | undefined;
  place: string | undefined;
  isReading: boolean;
}

function Cards({ figures, before, place, isReading }: CardsProps) {
  const { deployments, failures, perDay, leadSeconds, failureRate, restoreSeconds } = figures;
  const lead = place
    ? `From the time at ${place} in the input to the end of the run, the median of the ${leadSeconds.count} deployments whose input has one.`
    : "From the start of the run to its end, the median of deployments. What went by between the change and the start is not in it.";
  return (
    <Section title="Delivery in this period">
      <SimpleGrid cols={{ base: 1, sm: 2, xl: 4 }} spacing="lg">
        <Stack gap={4}>
          <FigureCard
            label="Lead time"
            value={isReading ? "…" : describeLength(leadSeconds.p50)}
            before={before && describeLength(before.leadSeconds.p50)}
            change={compare(leadSeconds.p50, before?.leadSeconds.p50, "less")}
            definition={`${lead} 95 of 100 took less than ${describeLength(leadSeconds.p95)}.`}
          />
          {isReading && <Loader size="xs" aria-label="Reading inputs" />}
        </Stack>
        <FigureCard
          label="Deployment frequency"
          value={describeFrequency(perDay)}
          before={before && describeFrequency(before.perDay)}
          change={compare(perDay, before?.perDay, "more")}
          definition={`Runs that completed, by their end: ${deployments.toLocaleString("en")} in the period.`}
        />
        <FigureCard
          label="Change failure rate"
          value={describeRate(failureRate)}
          before={before && describeRate(before.failureRate)}
          change={compare(failureRate, before?.failureRate, "less", true)}
          definition={`Runs that faulted and stayed so, of all that completed or faulted: ${failures} of ${deployments + failures}. A run that was repaired and completed counts as completed.`}
        />
        <FigureCard
          label="Time to restore"
          value={describeLength(restoreSeconds.p50)}
          before={before && describeLength(before.restoreSeconds.p50)}
          change={compare(restoreSeconds.p50, before?.restoreSeconds.p50, "less")}
          definition={`From the end of the first run that failed to the end of the next that completed, the median of ${restoreSeconds.count}. Failures in a row are one trouble.`}
        />
      </SimpleGrid>
    </Section>
  );
}
