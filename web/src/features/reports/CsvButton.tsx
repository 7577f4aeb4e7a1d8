import { Button } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import { downloadText } from "@/ui/download";
import { type Cell, toCsv } from "./csv";

interface CsvButtonProps {
  /** The file's name without its ending. */
  name: string;
  headings: string[];
  rows: () => Cell[][];
}

/** A button that gives a table as a file for a spreadsheet. */
export function CsvButton({ name, headings, rows }: CsvButtonProps) {
  return (
    <Button
      className="no-print"
      size="compact-sm"
      style={{ flex: "none" }}
      variant="default"
      leftSection={<IconDownload size={14} aria-hidden />}
      aria-label={`Download ${name}.csv`}
      onClick={() => downloadText(`${name}.csv`, toCsv(headings, rows()), "text/csv")}
    >
      CSV
    </Button>
  );
}
