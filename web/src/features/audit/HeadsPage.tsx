import { Table, Text } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { DataTable } from "@/ui/DataTable";
import { EmptyState } from "@/ui/EmptyState";
import { Moment } from "@/ui/Moment";
import { Page } from "@/ui/Page";
import { PagedView } from "@/ui/PagedView";
import { AuditTabs } from "./AuditTabs";
import { headsQuery } from "./queries";

/** The signed heads: what witnesses keep. */
export function HeadsPage() {
  const heads = useInfiniteQuery(headsQuery);
  return (
    <Page
      title="Signed heads"
      summary="Each minute in which something was recorded, the server signs what the log is so far. Witnesses keep these heads, so that nobody can rewrite the log unseen."
    >
      <AuditTabs />
      <PagedView query={heads} more="Show earlier heads">
        {(found) =>
          found.length === 0 ? (
            <EmptyState title="No head has been signed yet">
              The first comes within a minute of the first record. Where they are sent to is set by{" "}
              <code>KAPELL_AUDIT_WITNESSES</code>.
            </EmptyState>
          ) : (
            <DataTable
              caption="Signed heads, the newest first"
              headings={["No.", "When", "Covers", "Root of the tree", "Key"]}
              minWidth={700}
            >
              {found.map(({ statement }) => (
                <Table.Tr key={statement.number}>
                  <Table.Td>{statement.number}</Table.Td>
                  <Table.Td>
                    <Moment at={statement.at} />
                  </Table.Td>
                  <Table.Td style={{ whiteSpace: "nowrap" }}>records 1 to {statement.size}</Table.Td>
                  <Table.Td style={{ overflowWrap: "anywhere" }}>
                    <Text size="xs" ff="monospace">
                      {statement.root}
                    </Text>
                  </Table.Td>
                  <Table.Td>
                    <Text size="xs" ff="monospace">
                      {statement.key_id}
                    </Text>
                  </Table.Td>
                </Table.Tr>
              ))}
            </DataTable>
          )
        }
      </PagedView>
    </Page>
  );
}
