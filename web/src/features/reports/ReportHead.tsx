import { Button, Group } from "@mantine/core";
import { IconPrinter } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { ButtonLink } from "@/ui/links";
import { Page } from "@/ui/Page";
import type { DeliverySearch, ReportSearch } from "./address";
import { describePeriod, type Period } from "./periods";
import { usePrint } from "./usePrint";

interface ReportHeadProps {
  kind: "runs" | "delivery";
  title: string;
  /** Whose runs are told of. */
  subject: string;
  period: Period;
  search: ReportSearch & DeliverySearch;
  children: ReactNode;
}

/** What all reports have: whose runs and which period, the way to the other report, and to paper. */
export function ReportHead({ kind, title, subject, period, search, children }: ReportHeadProps) {
  const print = usePrint();
  const { version: _, change: __, ...shared } = search;
  return (
    <Page
      title={title}
      summary={`${subject}, ${describePeriod(period)}, against the period of the same length before.`}
      actions={
        <Group gap="xs" className="no-print">
          <Group component="nav" aria-label="Reports" gap="xs">
            <ButtonLink
              to="/reports"
              search={shared}
              variant={kind === "runs" ? "light" : "default"}
              aria-current={kind === "runs" ? "page" : undefined}
            >
              Runs
            </ButtonLink>
            <ButtonLink
              to="/reports/delivery"
              search={shared}
              variant={kind === "delivery" ? "light" : "default"}
              aria-current={kind === "delivery" ? "page" : undefined}
            >
              Delivery
            </ButtonLink>
          </Group>
          <Button variant="default" leftSection={<IconPrinter size={16} aria-hidden />} onClick={print}>
            Print
          </Button>
        </Group>
      }
    >
      {children}
    </Page>
  );
}
