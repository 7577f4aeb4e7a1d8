/** Browsers by what they call themselves. */
import type { Session } from "@/api/schema";

const BROWSERS: [RegExp, string][] = [
  [/Edg\//, "Edge"],
  [/OPR\//, "Opera"],
  [/Firefox\//, "Firefox"],
  [/(HeadlessChrome|Chrome|Chromium)\//, "Chrome"],
  [/Safari\//, "Safari"],
  [/^curl\//, "curl"],
  [/^(python|httpx)/i, "Python"],
];
const SYSTEMS: [RegExp, string][] = [
  [/Android/, "Android"],
  [/iPhone|iPad/, "iOS"],
  [/Windows/, "Windows"],
  [/Mac OS X/, "macOS"],
  [/Linux/, "Linux"],
];

/** Says a browser and its system in two words, such as "Firefox on Linux"; what is not known is clipped. */
export function describeBrowser(userAgent: string): string {
  const browser = BROWSERS.find(([sign]) => sign.test(userAgent))?.[1];
  const system = SYSTEMS.find(([sign]) => sign.test(userAgent))?.[1];
  if (!browser) return userAgent === "" ? "unknown" : userAgent.slice(0, 60);
  return system ? `${browser} on ${system}` : browser;
}

/** Returns the session that is probably this browser's: of those that call themselves so, the one used last. */
export function findOwnSession(sessions: Session[], userAgent: string): Session | undefined {
  return sessions
    .filter((session) => session.user_agent === userAgent)
    .sort((one, other) => other.last_seen_at.localeCompare(one.last_seen_at))[0];
}
