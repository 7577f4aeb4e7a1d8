/** Figures of statistics as people read them; a dash where there is none. */
import { describeSeconds } from "./time";

/** Says a share of 0 to 1 in per cent; never "100 %" where one went wrong, nor "0 %" where one went well. */
export function describeRate(rate: number | null): string {
  if (rate === null) return "–";
  const percent = rate * 100;
  if (rate < 1 && percent >= 99.95) return "> 99.9 %";
  if (rate > 0 && percent < 0.05) return "< 0.1 %";
  const digits = rate === 1 || rate === 0 || (percent >= 10 && percent < 99.5) ? 0 : 1;
  return `${percent.toFixed(digits)} %`;
}

/** Says how long something took. */
export function describeLength(seconds: number | null | undefined): string {
  return seconds === null || seconds === undefined ? "–" : describeSeconds(seconds);
}
