import { expect, test } from "vitest";
import type { Session } from "@/api/schema";
import { describeBrowser, findOwnSession } from "./browsers";
import { dayFromNow, isExpired } from "./expiry";
import { describePlaces, orderPermissions } from "./permissions";

const NOW = new Date("2026-11-21T12:00:00Z");

test("what has an end in the past is expired, what has none never is", () => {
  expect(isExpired("2026-11-21T12:00:00Z", NOW)).toBe(true);
  expect(isExpired("2026-11-21T12:00:01Z", NOW)).toBe(false);
  expect(isExpired(null, NOW)).toBe(false);
  expect(isExpired(undefined, NOW)).toBe(false);
});

test("the end that is offered is a day", () => {
  expect(dayFromNow(30, new Date(2026, 10, 21, 12))).toBe("2026-12-21");
});

test("browsers are told in two words, unknown ones as they call themselves", () => {
  expect(describeBrowser("Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/151.0")).toBe("Firefox on Linux");
  expect(describeBrowser("Mozilla/5.0 (Windows NT 10.0) Chrome/156.0 Safari/537.36 Edg/156.0")).toBe("Edge on Windows");
  expect(describeBrowser("curl/8.1")).toBe("curl");
  expect(describeBrowser("<img src=x>")).toBe("<img src=x>");
  expect(describeBrowser("")).toBe("unknown");
});

test("one's own session is the one of the same browser that was used last", () => {
  const make = (session_id: string, user_agent: string, last_seen_at: string) =>
    ({ session_id, user_agent, last_seen_at }) as Session;
  const sessions = [make("a", "x", "2026-01-01"), make("b", "x", "2026-01-02"), make("c", "y", "2026-01-03")];
  expect(findOwnSession(sessions, "x")?.session_id).toBe("b");
  expect(findOwnSession(sessions, "z")).toBeUndefined();
});

test("permissions stand in their order, unknown ones last", () => {
  const known = ["workflow.read", "run.read", "settings.read"].map((name) => ({ name, text: `See ${name}.` }));
  const { describe, sort } = orderPermissions(known);
  expect(describe("run.read")).toBe("See run.read.");
  expect(describe("x.y")).toBe("x.y");
  expect(sort(["settings.read", "x.y", "run.read", "workflow.read"])).toEqual([
    "workflow.read",
    "run.read",
    "settings.read",
    "x.y",
  ]);
});

test("places are told in words", () => {
  expect(describePlaces(null)).toBe("everywhere");
  expect(describePlaces([])).toBe("nowhere");
  expect(describePlaces(["shop", "infra"])).toBe("infra, shop");
});
