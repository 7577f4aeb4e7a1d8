import "uplot/dist/uPlot.min.css";
import { useComputedColorScheme } from "@mantine/core";
import { useEffect, useRef } from "react";
import uPlot from "uplot";
import { describeTime, type TimeChartProps, type TimeSeries } from "./timeSeries";

const HEIGHT = 220;
const DAY = 86_400;
/** So many hours or days lie between two marks. */
const HOURS = [1, 2, 3, 4, 6, 12, 24];
const DAYS = [1, 2, 7, 14, 28, 56, 91, 182];

/** The drawing of values over time. */
export function TimeCanvas({ caption, ...shown }: TimeChartProps & { caption: string }) {
  const { times, series, describe, bucketSeconds } = shown;
  const place = useRef<HTMLDivElement>(null);
  const scheme = useComputedColorScheme("light");
  // biome-ignore lint/correctness/useExhaustiveDependencies: the colours are those of the scheme
  useEffect(() => {
    const element = place.current;
    if (!element) return;
    const chart = new uPlot(makeOptions(element, shown), makeData(times, series), element);
    const observer = new ResizeObserver(() => chart.setSize({ width: element.clientWidth, height: HEIGHT }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      chart.destroy();
    };
  }, [times, series, describe, bucketSeconds, scheme]);
  return <div ref={place} role="img" aria-label={`${caption}. The table that follows tells the same.`} />;
}

/** Bars lie one upon the other: what is drawn for each is the sum up to it, the largest first. */
function makeData(times: number[], series: TimeSeries[]): uPlot.AlignedData {
  const sums = times.map(() => 0);
  const columns = series.map((each) => {
    if (each.kind !== "bars") return each.values;
    each.values.forEach((value, index) => {
      sums[index] = (sums[index] ?? 0) + (value ?? 0);
    });
    return [...sums];
  });
  return [times, ...inDrawingOrder(series).map((index) => columns[index] ?? [])];
}

function inDrawingOrder(series: TimeSeries[]): number[] {
  const indexes = series.map((_, index) => index);
  const isBar = (index: number) => series[index]?.kind === "bars";
  return [...indexes.filter(isBar).reverse(), ...indexes.filter((index) => !isBar(index))];
}

function makeOptions(element: HTMLElement, { times, series, describe, bucketSeconds }: TimeChartProps): uPlot.Options {
  const style = getComputedStyle(element);
  const color = (value: string) => style.getPropertyValue(value.replace(/^var\((.*)\)$/, "$1")) || value;
  const grid = { stroke: color("var(--mantine-color-default-border)"), width: 1 };
  const axis: uPlot.Axis = { stroke: color("var(--mantine-color-text)"), grid, ticks: grid };
  const half = bucketSeconds / 2;
  const isByHour = bucketSeconds < DAY;
  return {
    width: element.clientWidth,
    height: HEIGHT,
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "UTC"),
    cursor: { drag: { x: false, y: false } },
    scales: {
      x: { range: () => [(times[0] ?? 0) - half, (times.at(-1) ?? 0) + half] },
      y: { range: (_, __, most) => [0, Math.max((most ?? 0) * 1.08, Number.EPSILON)] },
    },
    axes: [
      {
        ...axis,
        space: 60,
        incrs: (isByHour ? HOURS : DAYS).map((count) => count * bucketSeconds),
        values: (_, splits) => splits.map((split) => describeTime(split, isByHour).slice(isByHour ? 11 : 5)),
      },
      { ...axis, size: 70, values: (_, splits) => splits.map((value) => describe(value)) },
    ],
    series: [
      { label: "When (UTC)", value: (_, seconds) => (seconds === null ? "" : describeTime(seconds, isByHour)) },
      ...inDrawingOrder(series).map((index) => makeSeries(series[index] as TimeSeries, color, describe)),
    ],
  };
}

function makeSeries(
  { label, kind, values, color: name }: TimeSeries,
  color: (value: string) => string,
  describe: TimeChartProps["describe"],
): uPlot.Series {
  const stroke = color(name);
  const isBar = kind === "bars";
  return {
    label,
    stroke,
    width: isBar ? 0 : 2,
    fill: isBar ? stroke : undefined,
    dash: kind === "dashed" ? [4, 4] : undefined,
    paths: isBar ? uPlot.paths.bars?.({ size: [0.8, 60] }) : undefined,
    points: { show: !isBar && values.length < 40, size: 5 },
    value: (_, __, ___, at) => (at === null ? "" : describe(values[at] ?? null)),
  };
}
