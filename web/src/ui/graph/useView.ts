import { type PointerEvent, type RefObject, useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";
import { type Area, fitAll, fitAtFirst, move, type Size, show, type View, zoomAt } from "@/graph/view";

const NO_SIZE: Size = { width: 0, height: 0 };
/** A pointer that has moved less has been clicked. */
const STILL = 4;

export interface ViewControl {
  view: View;
  size: Size;
  isDragging: boolean;
  zoom: (factor: number) => void;
  fit: () => void;
  /** Brings an area of the drawing into sight. */
  reveal: (area: Area) => void;
  /** Tells whether the last press of the pointer has moved the drawing, and so was no click. */
  hasDragged: () => boolean;
  handlers: {
    onPointerDown: (event: PointerEvent<HTMLElement>) => void;
    onPointerMove: (event: PointerEvent<HTMLElement>) => void;
    onPointerUp: (event: PointerEvent<HTMLElement>) => void;
    onPointerCancel: (event: PointerEvent<HTMLElement>) => void;
  };
}

/** What is seen of a drawing in a window: dragged, pinched, scrolled; made larger by the wheel with Ctrl. */
export function useView(window: RefObject<HTMLElement | null>, drawing: Size): ViewControl {
  const [size, setSize] = useState(NO_SIZE);
  const [view, setView] = useState<View>({ x: 0, y: 0, scale: 1 });
  const [isDragging, setDragging] = useState(false);
  const latest = useRef({ size, drawing });
  latest.current = { size, drawing };
  const pointers = useRef(new Map<number, { x: number; y: number }>());
  const dragged = useRef(0);

  useLayoutEffect(() => {
    const element = window.current;
    if (!element) return;
    const read = () => setSize({ width: element.clientWidth, height: element.clientHeight });
    read();
    const observer = new ResizeObserver(read);
    observer.observe(element);
    return () => observer.disconnect();
  }, [window]);

  const isKnown = size.width > 0;
  useLayoutEffect(() => {
    if (isKnown) setView(fitAtFirst(latest.current.drawing, latest.current.size));
  }, [isKnown]);

  useEffect(() => {
    const element = window.current;
    if (!element) return;
    const turnWheel = (event: WheelEvent) => {
      const bounds = element.getBoundingClientRect();
      if (event.ctrlKey || event.metaKey) {
        event.preventDefault();
        const factor = Math.exp(-event.deltaY * (event.deltaMode === 1 ? 0.05 : 0.002));
        setView((before) => zoomAt(before, factor, event.clientX - bounds.left, event.clientY - bounds.top));
        return;
      }
      const lines = event.deltaMode === 1 ? 20 : 1;
      const [dx, dy] = event.shiftKey ? [event.deltaY, event.deltaX] : [event.deltaX, event.deltaY];
      const { drawing: drawn, size: seen } = latest.current;
      setView((before) => move(before, -dx * lines, -dy * lines, drawn, seen));
      // Where the drawing can move no further, the page does.
      if (canMove(element, -dy)) event.preventDefault();
    };
    const canMove = (element: HTMLElement, dy: number) => {
      const { drawing: drawn, size: seen } = latest.current;
      const at = readView(element);
      return dy !== 0 && move(at, 0, dy, drawn, seen) !== at;
    };
    element.addEventListener("wheel", turnWheel, { passive: false });
    return () => element.removeEventListener("wheel", turnWheel);
  }, [window]);

  const zoom = useCallback((factor: number) => {
    const { width, height } = latest.current.size;
    setView((before) => zoomAt(before, factor, width / 2, height / 2));
  }, []);
  const fit = useCallback(() => setView(fitAll(latest.current.drawing, latest.current.size)), []);
  const reveal = useCallback((area: Area) => setView((before) => show(before, area, latest.current.size)), []);

  const onPointerDown = (event: PointerEvent<HTMLElement>) => {
    if (event.pointerType === "mouse" && event.button !== 0) return;
    pointers.current.set(event.pointerId, { x: event.clientX, y: event.clientY });
    dragged.current = 0;
  };
  const onPointerMove = (event: PointerEvent<HTMLElement>) => {
    const before = pointers.current.get(event.pointerId);
    if (!before) return;
    const now = { x: event.clientX, y: event.clientY };
    const other = [...pointers.current].find(([id]) => id !== event.pointerId)?.[1];
    pointers.current.set(event.pointerId, now);
    dragged.current += Math.hypot(now.x - before.x, now.y - before.y);
    if (dragged.current < STILL) return;
    if (!isDragging) {
      setDragging(true);
      event.currentTarget.setPointerCapture(event.pointerId);
    }
    const { drawing: drawn, size: seen } = latest.current;
    if (!other) {
      setView((at) => move(at, now.x - before.x, now.y - before.y, drawn, seen));
      return;
    }
    const bounds = event.currentTarget.getBoundingClientRect();
    const factor = distance(now, other) / Math.max(1, distance(before, other));
    setView((at) => zoomAt(at, factor, (now.x + other.x) / 2 - bounds.left, (now.y + other.y) / 2 - bounds.top));
  };
  const onPointerUp = (event: PointerEvent<HTMLElement>) => {
    pointers.current.delete(event.pointerId);
    if (pointers.current.size === 0) setDragging(false);
  };

  return {
    view,
    size,
    isDragging,
    zoom,
    fit,
    reveal,
    hasDragged: () => dragged.current >= STILL,
    handlers: { onPointerDown, onPointerMove, onPointerUp, onPointerCancel: onPointerUp },
  };
}

/** Returns the view as it is drawn: the wheel turns faster than React draws. */
function readView(element: HTMLElement): View {
  const { x = "0", y = "0", scale = "1" } = element.dataset;
  return { x: Number(x), y: Number(y), scale: Number(scale) };
}

function distance(one: { x: number; y: number }, other: { x: number; y: number }): number {
  return Math.hypot(one.x - other.x, one.y - other.y);
}
