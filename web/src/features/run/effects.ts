/** What a fork would do once more. */
import type { RepeatedEffect } from "@/api/schema";

/** Counts effects that are the same, in the order in which they were first made. */
export function countEffects(effects: RepeatedEffect[]): (RepeatedEffect & { times: number })[] {
  const counted = new Map<string, RepeatedEffect & { times: number }>();
  for (const effect of effects) {
    const key = `${effect.reference}\n${effect.what}`;
    const known = counted.get(key);
    if (known) known.times += 1;
    else counted.set(key, { ...effect, times: 1 });
  }
  return [...counted.values()];
}
