import { useSyncExternalStore } from "react";

const listeners = new Set<() => void>();
let now = new Date();
let timer: ReturnType<typeof setInterval> | undefined;

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(() => {
    now = new Date();
    for (const each of listeners) each();
  }, 1000);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) {
      clearInterval(timer);
      timer = undefined;
    }
  };
}

function getNow(): Date {
  // Between two ticks it is the same object, so that React sees no change where there is none.
  if (timer === undefined && Date.now() - now.getTime() > 1000) now = new Date();
  return now;
}

/** The present, once a second: all clocks of a page tick together. */
export function useNow(): Date {
  return useSyncExternalStore(subscribe, getNow);
}

/** What is to be said of the present: who asks is drawn anew only when the text becomes another. */
export function useTold(tell: (now: Date) => string): string {
  return useSyncExternalStore(subscribe, () => tell(getNow()));
}
