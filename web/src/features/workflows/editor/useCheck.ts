import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, queryOptions, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { api, got } from "@/api/client";
import type { CheckReport } from "@/api/schema";
import { nameProblems } from "./naming";
import { type Mark, placeProblems } from "./problems";

const PAUSE = 350;

const checkQuery = (text: string) =>
  queryOptions({
    // An answer belongs to the text that was asked about: a late one is never taken for that of a newer text.
    queryKey: ["workflow-check", text],
    queryFn: async ({ signal }) => {
      const report = await got(api.POST("/api/v1/workflows/check", { body: { source: text }, signal }));
      return { text, report };
    },
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 60_000,
    placeholderData: keepPreviousData,
  });

export interface Check {
  /** The text that was checked; another one than that which is written while somebody types. */
  text: string;
  report: CheckReport;
  marks: Mark[];
}

/** What the server says of a text, some moments after it was last changed. */
export function useCheck(text: string, namespace: string, name: string): { check: Check | null; error: unknown } {
  const [asked] = useDebouncedValue(text, PAUSE);
  const { data, error } = useQuery(checkQuery(asked));
  const check = useMemo(() => {
    if (!data) return null;
    const problems = [...nameProblems(data.text, data.report, namespace, name), ...data.report.problems];
    return { ...data, marks: placeProblems(data.text, problems) };
  }, [data, namespace, name]);
  return { check, error };
}
