import { Table } from "@mantine/core";
import type { ReactNode } from "react";

interface DataTableProps {
  caption: string;
  /** The headings of the columns. Such as begins with a dot is for screen readers only. */
  headings: string[];
  minWidth?: number;
  children: ReactNode;
}

/** A table with headings that scrolls sideways where it is too wide; its caption is for screen readers. */
export function DataTable({ caption, headings, minWidth = 560, children }: DataTableProps) {
  return (
    <Table.ScrollContainer minWidth={minWidth}>
      <Table verticalSpacing={6}>
        <caption className="mantine-visually-hidden">{caption}</caption>
        <Table.Thead>
          <Table.Tr>
            {headings.map((heading) => (
              <Table.Th key={heading} scope="col">
                {heading.startsWith(".") ? (
                  <span className="mantine-visually-hidden">{heading.slice(1)}</span>
                ) : (
                  heading
                )}
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>{children}</Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}
