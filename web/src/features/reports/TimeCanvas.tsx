import "uplot/dist/uPlot.min.css";
import { useComputedColorScheme } from "@mantine/core";
import { useEffect, useRef } from "react";
import uPlot from "uplot";
import type { TimeChartProps, TimeSeries } from "./TimeChart";

const HEIGHT = 220;

/** The drawing of values over time. */
export function TimeCanvas({ times, series, describe, caption }: TimeChartProps & { caption: string }) {
  const place = useRef<HTMLDivElement>(null);
  const scheme = useComputedColorScheme("light");
  // biome-ignore lint/correctness/useExhaustiveDependencies: the colours are those of the scheme
  useEffect(() => {
    const element = place.current;
    if (!element) return;
    const chart = new uPlot(makeOptions(element, series, describe), makeData(times, series), element);
    const observer = new ResizeObserver(() => chart.setSize({ width: element.clientWidth, height: HEIGHT }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      chart.destroy();
    };
  }, [times, series, describe, scheme]);
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

function makeOptions(element: HTMLElement, series: TimeSeries[], describe: TimeChartProps["describe"]): uPlot.Options {
  const style = getComputedStyle(element);
  const color = (value: string) => style.getPropertyValue(value.replace(/^var\((.*)\)$/, "$1")) || value;
  const text = color("var(--mantine-color-text)");
  const grid = { stroke: color("var(--mantine-color-default-border)"), width: 1 };
  const axis = { stroke: text, grid, ticks: grid };
  return {
    width: element.clientWidth,
    height: HEIGHT,
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "UTC"),
    cursor: { drag: { x: false, y: false } },
    scales: { y: { range: (_, __, most) => [0, Math.max(most * 1.08, Number.EPSILON)] } },
    axes: [axis, { ...axis, size: 70, values: (_, splits) => splits.map((value) => describe(value)) }],
    series: [
      { label: "Time (UTC)", value: "{YYYY}-{MM}-{DD} {HH}:{mm}" },
      ...inDrawingOrder(series).map((index): uPlot.Series => {
        const { label, kind, values, color: name } = series[index] as TimeSeries;
        const stroke = color(name);
        return {
          label,
          stroke,
          width: kind === "bars" ? 0 : 2,
          fill: kind === "bars" ? stroke : undefined,
          dash: kind === "dashed" ? [4, 4] : undefined,
          paths: kind === "bars" ? uPlot.paths.bars?.({ size: [0.8, 60], align: 1 }) : undefined,
          points: { show: kind !== "bars" && values.length < 40, size: 5 },
          value: (_, __, ___, at) => (at === null ? "" : describe(values[at] ?? null)),
        };
      }),
    ],
  };
}
