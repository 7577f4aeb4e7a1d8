import { type RefObject, useEffect, useLayoutEffect, useState } from "react";
import { moveRange, type Range, zoomRange } from "./range";
import classes from "./timeline.module.css";

/** With Ctrl, the wheel looks closer at what is pointed at; sideways, it moves in time. */
export function useZoomWheel(
  scroll: RefObject<HTMLElement | null>,
  setRange: (change: (range: Range) => Range) => void,
) {
  useEffect(() => {
    const element = scroll.current;
    if (!element) return;
    const turnWheel = (event: WheelEvent) => {
      const isCloser = event.ctrlKey || event.metaKey;
      // While one only scrolls nothing is measured: the browser would lay the page out for it.
      if (!isCloser && !event.shiftKey && Math.abs(event.deltaX) <= Math.abs(event.deltaY)) return;
      const track = element.querySelector(`.${classes.axis}`)?.getBoundingClientRect();
      if (!track) return;
      if (isCloser) {
        event.preventDefault();
        const around = Math.min(1, Math.max(0, (event.clientX - track.left) / track.width));
        setRange((range) => zoomRange(range, Math.exp(-event.deltaY * 0.002), around));
      } else {
        event.preventDefault();
        const by = (event.shiftKey && event.deltaX === 0 ? event.deltaY : event.deltaX) / track.width;
        setRange((range) => moveRange(range, by));
      }
    };
    element.addEventListener("wheel", turnWheel, { passive: false });
    return () => element.removeEventListener("wheel", turnWheel);
  }, [scroll, setRange]);
}

/** Returns how wide the axis is, in pixels. */
export function useAxisWidth(scroll: RefObject<HTMLElement | null>): number {
  const [width, setWidth] = useState(800);
  useLayoutEffect(() => {
    const axis = scroll.current?.querySelector(`.${classes.axis}`);
    if (!axis) return;
    const observer = new ResizeObserver(() => setWidth(axis.clientWidth));
    observer.observe(axis);
    return () => observer.disconnect();
  }, [scroll]);
  return width;
}
