import { Button, Code, CopyButton, Group, Stack, Text } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useMayEverywhere } from "@/features/session/permissions";
import { EmptyState } from "@/ui/EmptyState";
import { Page } from "@/ui/Page";
import { PagedView } from "@/ui/PagedView";
import { Section } from "@/ui/Section";
import { AuditFilters } from "./AuditFilters";
import { AuditTabs } from "./AuditTabs";
import { makeExport } from "./exporting";
import { recordsQuery } from "./queries";
import { RecordDrawer } from "./RecordDrawer";
import { RecordTable } from "./RecordTable";

const route = getRouteApi("/administration/audit");

/** The audit log: who did what, and whether it was allowed. */
export function AuditPage() {
  const search = route.useSearch();
  const isEverywhere = useMayEverywhere()("audit.read");
  const canRead = isEverywhere || search.namespace !== undefined;
  const records = useInfiniteQuery({ ...recordsQuery(search), enabled: canRead });
  return (
    <Page
      title="Audit log"
      summary="Every write, every denial and every sensitive read leaves a record that nobody can change unseen."
    >
      {isEverywhere && <AuditTabs />}
      <AuditFilters />
      {canRead ? (
        <PagedView query={records} more="Show earlier records">
          {(found) => (found.length === 0 ? <EmptyState title="No record matches" /> : <RecordTable records={found} />)}
        </PagedView>
      ) : (
        <EmptyState title="Choose a namespace">You may read what happened in the namespaces that you have.</EmptyState>
      )}
      {isEverywhere && <Export />}
      <RecordDrawer />
    </Page>
  );
}

function Export() {
  const command = makeExport(route.useSearch());
  return (
    <Section title="Export">
      <Stack gap="xs">
        <Text size="sm">
          The log is exported where the server runs. Without filters,{" "}
          <Code>kapell audit verify --export log.jsonl</Code> checks the file, on any machine and without the database.
        </Text>
        <Group gap="xs">
          <Code style={{ overflowWrap: "anywhere" }}>{command}</Code>
          <CopyButton value={command}>
            {({ copied, copy }) => (
              <Button size="compact-xs" variant="default" onClick={copy}>
                {copied ? "Copied" : "Copy"}
              </Button>
            )}
          </CopyButton>
        </Group>
      </Stack>
    </Section>
  );
}
