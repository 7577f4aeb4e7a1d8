/** The one selection of a run's page: all views show it, and each of them can change it. It stands in the address. */
import { getRouteApi } from "@tanstack/react-router";
import { useCallback, useMemo } from "react";
import type { View } from "./address";

export interface Selection {
  /** The task's reference within the run, with the numbers of iterations. */
  reference: string;
  /** Which time that the flow came to it, as `entry` of its events, tasks and log lines; left out, any. */
  entry?: number;
}

const route = getRouteApi("/runs/$runId");

/** Returns the selection and what changes it; `null` selects nothing. */
export function useSelection(): [Selection | null, (selection: Selection | null) => void] {
  const { task, entry } = route.useSearch();
  const navigate = route.useNavigate();
  const selection = useMemo(() => (task ? { reference: task, entry } : null), [task, entry]);
  const select = useCallback(
    (chosen: Selection | null) =>
      void navigate({
        search: (before) => ({ ...before, task: chosen?.reference, entry: chosen?.entry || undefined }),
        replace: true,
        resetScroll: false,
      }),
    [navigate],
  );
  return [selection, select];
}

/** Returns the view that is shown and what changes it, with another selection where one is given. */
export function useView(): [View, (view: View, selection?: Selection) => void] {
  const { view = "tasks" } = route.useSearch();
  const navigate = route.useNavigate();
  const show = useCallback(
    (chosen: View, selection?: Selection) =>
      void navigate({
        search: (before) => ({
          ...before,
          view: chosen === "tasks" ? undefined : chosen,
          ...(selection && { task: selection.reference, entry: selection.entry || undefined }),
        }),
        resetScroll: false,
      }),
    [navigate],
  );
  return [view, show];
}

/** Tells whether something about a task and an entry is about what is selected. */
export function isSelected(selection: Selection | null, about: { reference: string; entry?: number }): boolean {
  if (!selection || selection.reference !== about.reference) return false;
  return selection.entry === undefined || !about.entry || selection.entry === about.entry;
}
