/** Ends of bindings and tokens. All functions are pure. */
import { toField } from "@/lib/fields";

const DAY = 86_400_000;

/** Tells whether something has ended; what has no end never has. */
export function isExpired(expiresAt: string | null | undefined, now: Date): boolean {
  return Boolean(expiresAt) && Date.parse(expiresAt as string) <= now.getTime();
}

/** Returns the day that is so many days from `now`, as a field for dates holds it. */
export function dayFromNow(days: number, now: Date): string {
  return toField(new Date(now.getTime() + days * DAY)).slice(0, 10);
}
