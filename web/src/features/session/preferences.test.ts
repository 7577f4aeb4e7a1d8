import { QueryClient } from "@tanstack/react-query";
import { beforeEach, expect, test, vi } from "vitest";
import { changePreferences, preferencesQuery } from "./preferences";

interface Saved {
  revision: number;
  value: Record<string, unknown>;
}

let kept: Saved;
let conflicts: number;

vi.mock("@/api/client", async (importOriginal) => {
  const original = await importOriginal<typeof import("@/api/client")>();
  const GET = async () => ({ data: kept });
  const PUT = async (_path: string, { body }: { body: Saved }) => {
    if (conflicts > 0) {
      conflicts--;
      kept = { revision: kept.revision + 1, value: { ...kept.value, elsewhere: conflicts } };
    }
    if (body.revision !== kept.revision) {
      const detail = "They were saved meanwhile.";
      throw new original.ApiError({ type: "about:blank", title: detail, detail, status: 409, code: "conflict" });
    }
    kept = { revision: body.revision + 1, value: body.value };
    return { data: kept };
  };
  return { ...original, api: { GET, PUT } };
});

beforeEach(() => {
  kept = { revision: 4, value: { other: 1 } };
  conflicts = 0;
});

const addViews = (before: Record<string, unknown>) => ({ ...before, views: ["mine"] });

test("a change leaves what others have chosen, and is made again to what was saved meanwhile", async () => {
  const queryClient = new QueryClient();
  conflicts = 1;
  await changePreferences(queryClient, addViews);
  expect(kept).toEqual({ revision: 6, value: { other: 1, elsewhere: 0, views: ["mine"] } });
  expect(queryClient.getQueryData(preferencesQuery.queryKey)).toEqual(kept);
});

test("a change that is refused again and again is told", async () => {
  conflicts = 3;
  await expect(changePreferences(new QueryClient(), addViews)).rejects.toThrow("saved meanwhile");
  expect(kept.value).not.toHaveProperty("views");
});
