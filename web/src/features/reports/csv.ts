/** Tables as CSV (RFC 4180), safe to open in a spreadsheet. All functions are pure. */

export type Cell = string | number | null | undefined;

/** A cell that begins so would be a formula in a spreadsheet. */
const FORMULA = /^[\s]*[=+\-@\t\r]/;

/** Returns a table as CSV, with a byte order mark so that spreadsheets read it as UTF-8. */
export function toCsv(headings: string[], rows: Cell[][]): string {
  return `\ufeff${[headings, ...rows].map((row) => row.map(writeCell).join(",")).join("\r\n")}\r\n`;
}

function writeCell(cell: Cell): string {
  if (cell === null || cell === undefined) return "";
  if (typeof cell === "number") return Number.isFinite(cell) ? String(cell) : "";
  const text = FORMULA.test(cell) ? `'${cell}` : cell;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
