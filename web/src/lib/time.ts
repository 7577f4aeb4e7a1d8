/** Times and durations as people read them. All functions are pure: the present is an argument. */

const UNITS: [Intl.RelativeTimeFormatUnit, number][] = [
  ["year", 365 * 86_400],
  ["month", 30 * 86_400],
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
  ["second", 1],
];
const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto", style: "short" });

/** Says how far a moment is from `now`: "3 min. ago", "in 2 hr.", "now". */
export function describeDistance(moment: Date, now: Date): string {
  const seconds = Math.round((moment.getTime() - now.getTime()) / 1000);
  if (Math.abs(seconds) < 5) return "now";
  for (const [unit, size] of UNITS) {
    if (Math.abs(seconds) >= size) return relative.format(Math.trunc(seconds / size), unit);
  }
  return "now";
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** To make a format takes much longer than to use it: each is made once. */
function getFormat(zone: string | undefined, millis: boolean): Intl.DateTimeFormat {
  const key = `${zone} ${millis}`;
  const known = formats.get(key);
  if (known) return known;
  const format = new Intl.DateTimeFormat("en-GB", {
    timeZone: zone,
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    fractionalSecondDigits: millis ? 3 : undefined,
    hour12: false,
    timeZoneName: "shortOffset",
  });
  formats.set(key, format);
  return format;
}

/** Says a moment in full, with its zone: "2026-11-21 14:03:27.120 GMT+1". */
export function describeMoment(
  moment: Date,
  { zone, millis = false }: { zone?: string; millis?: boolean } = {},
): string {
  const parts = getFormat(zone, millis).formatToParts(moment);
  const get = (type: string) => parts.find((part) => part.type === type)?.value ?? "";
  const fraction = millis ? `.${get("fractionalSecond")}` : "";
  const offset = get("timeZoneName").replace(/^GMT(\+0)?$/, "UTC");
  return `${get("year")}-${get("month")}-${get("day")} ${get("hour")}:${get("minute")}:${get("second")}${fraction} ${offset}`;
}

/** Says a length of time with two units at most: "740 ms", "3.2 s", "4 min 20 s", "2 d 3 h". */
export function describeSeconds(seconds: number): string {
  if (seconds < 0) return `-${describeSeconds(-seconds)}`;
  if (seconds < 0.9995) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3_600) return join(Math.floor(whole / 60), "min", whole % 60, "s");
  const minutes = Math.round(seconds / 60);
  if (minutes < 1_440) return join(Math.floor(minutes / 60), "h", minutes % 60, "min");
  const hours = Math.round(seconds / 3_600);
  return join(Math.floor(hours / 24), "d", hours % 24, "h");
}

function join(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large} ${largeUnit}` : `${large} ${largeUnit} ${small} ${smallUnit}`;
}

/** Returns the seconds between two ISO 8601 times; to `now` where the second is missing. */
export function secondsBetween(began: string, ended: string | null | undefined, now: Date): number {
  return ((ended ? Date.parse(ended) : now.getTime()) - Date.parse(began)) / 1000;
}
