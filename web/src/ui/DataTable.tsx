import { Table, VisuallyHidden } from "@mantine/core";
import type { ReactNode } from "react";

interface DataTableProps {
  /** What it shows, for screen readers. */
  caption: string;
  /** The headings of the columns. Such as begins with a dot is for screen readers only. */
  headings: string[];
  /** How wide columns are, where that matters; by heading. */
  widths?: Record<string, number>;
  minWidth?: number;
  children: ReactNode;
}

/** A table with headings, which scrolls sideways where it is too wide. */
export function DataTable({ caption, headings, widths = {}, minWidth = 560, children }: DataTableProps) {
  return (
    <Table.ScrollContainer minWidth={minWidth}>
      <Table verticalSpacing={6} aria-label={caption}>
        <Table.Thead>
          <Table.Tr>
            {headings.map((heading) => (
              <Table.Th key={heading} scope="col" w={widths[heading]}>
                {heading.startsWith(".") ? <VisuallyHidden>{heading.slice(1)}</VisuallyHidden> : heading}
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>{children}</Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}
