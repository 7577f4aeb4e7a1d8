/** Settings in words. All functions are pure. */
import type { SettingLine } from "@/api/schema";

/** Says a value as people read it; what is empty is told as such. */
export function describeValue(value: unknown): string {
  if (value === null || value === undefined || value === "") return "none";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (Array.isArray(value)) return value.length === 0 ? "none" : value.map(describeValue).join(", ");
  if (typeof value === "object") return Object.keys(value).length === 0 ? "none" : JSON.stringify(value);
  return String(value);
}

const UNITS = ["bytes", "KiB", "MiB", "GiB"];

/** Says the value of a setting as people read it: a number of bytes in its unit, too. */
export function describeSetting(name: string, value: unknown): string {
  // A port is a name more than a number.
  if (typeof value !== "number" || name.endsWith("port")) return describeValue(value);
  const plain = value.toLocaleString("en");
  if (!name.endsWith("_bytes") || value < 1024) return plain;
  let [size, unit] = [value, 0];
  while (size >= 1024 && unit < UNITS.length - 1) [size, unit] = [size / 1024, unit + 1];
  return `${Number(size.toFixed(1))} ${UNITS[unit]} (${plain})`;
}

/** Says where a value comes from. */
export function describeSource({ source, variable }: Pick<SettingLine, "source" | "variable">): string {
  if (source === "default") return "the default";
  if (source === "option") return "an option of the command line";
  if (source === variable) return `the variable ${variable}`;
  return `the file ${source}`;
}

/** Tells whether somebody has set it. */
export function isSet({ source }: Pick<SettingLine, "source">): boolean {
  return source !== "default";
}

/** Returns the settings that have a text in their name, variable or meaning. */
export function findSettings(lines: SettingLine[], text: string, onlySet: boolean): SettingLine[] {
  const wanted = text.trim().toLowerCase();
  return lines.filter(
    (line) =>
      (!onlySet || isSet(line)) &&
      [line.name, line.variable, line.description].some((each) => each.toLowerCase().includes(wanted)),
  );
}
