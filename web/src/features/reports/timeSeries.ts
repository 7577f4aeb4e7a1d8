/** What a chart over time shows. */

export interface TimeSeries {
  label: string;
  values: (number | null)[];
  /** A colour of the theme, as a CSS variable. */
  color: string;
  /** Bars lie one upon the other in the order in which they are given. */
  kind: "bars" | "line" | "dashed";
}

export interface TimeChartProps {
  /** When each value begins, in seconds since 1970. */
  times: number[];
  series: TimeSeries[];
  describe: (value: number | null) => string;
  /** How long each lasts: an hour or a day. */
  bucketSeconds: number;
}

/** Says an hour or a day of UTC. */
export function describeTime(seconds: number, isByHour: boolean): string {
  const text = new Date(seconds * 1000).toISOString();
  return isByHour ? text.slice(0, 16).replace("T", " ") : text.slice(0, 10);
}
