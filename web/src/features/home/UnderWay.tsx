import { Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { QueryView } from "@/ui/QueryView";
import { RunTable } from "@/ui/RunTable";
import { Section } from "@/ui/Section";
import { MoreRuns } from "./MoreRuns";
import { UNDER_WAY, underWayQuery } from "./queries";

/** The runs that go on by themselves. */
export function UnderWay() {
  const underWay = useQuery(underWayQuery);
  return (
    <Section title="Under way">
      <QueryView query={underWay}>
        {(page) =>
          page.items.length === 0 ? (
            <Text size="sm" c="dimmed">
              No run is under way. What is started shows up here by itself.
            </Text>
          ) : (
            <>
              <RunTable runs={page.items} caption="Runs under way" />
              {page.next && <MoreRuns search={{ status: [...UNDER_WAY], top: true }} />}
            </>
          )
        }
      </QueryView>
    </Section>
  );
}
