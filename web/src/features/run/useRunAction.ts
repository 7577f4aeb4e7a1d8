/** Gives a run a command: what can be expected is shown at once, and taken back where the server refuses. */
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { api, got } from "@/api/client";
import type { RunView } from "@/api/schema";
import { ACTION_TEXTS, type ActionName, EXPECTED } from "./actions";
import { runQuery } from "./queries";

export interface Command {
  action: ActionName;
  /** The task to begin with, for a retry or a fork. */
  reference?: string;
  /** The input of a retry or the output of a skip, if one is given. */
  value?: { given: unknown };
  reason: string;
}

export function useRunAction(runId: string, onDone: (action: ActionName) => void) {
  const queryClient = useQueryClient();
  const navigate = useNavigate();
  const { queryKey } = runQuery(runId);
  return useMutation({
    mutationFn: (command: Command) => send(runId, command),
    onMutate: async ({ action }) => {
      const expected = EXPECTED[action];
      if (!expected) return { before: undefined };
      await queryClient.cancelQueries({ queryKey });
      const before = queryClient.getQueryData(queryKey);
      queryClient.setQueryData(queryKey, (run) => run && { ...run, status: expected });
      return { before };
    },
    onError: (_error, _command, context) => {
      if (context?.before) queryClient.setQueryData(queryKey, context.before);
    },
    onSuccess: (run, { action }) => {
      notifications.show({ message: ACTION_TEXTS[action].success, color: "teal" });
      if (run.run_id === runId) queryClient.setQueryData(queryKey, run);
      void queryClient.invalidateQueries({ queryKey: ["run", runId] });
      void queryClient.invalidateQueries({ queryKey: ["runs"] });
      onDone(action);
      if (action === "fork") void navigate({ to: "/runs/$runId", params: { runId: run.run_id } });
    },
  });
}

async function send(runId: string, { action, reference, value, reason }: Command): Promise<RunView> {
  const params = { path: { run_id: runId } };
  switch (action) {
    case "suspend":
      return got(api.POST("/api/v1/runs/{run_id}/suspend", { params, body: { reason } }));
    case "resume":
      return got(api.POST("/api/v1/runs/{run_id}/resume", { params, body: { reason } }));
    case "cancel":
      return got(api.POST("/api/v1/runs/{run_id}/cancel", { params, body: { reason } }));
    case "skip":
      return got(
        api.POST("/api/v1/runs/{run_id}/skip", { params, body: { reason, ...(value && { output: value.given }) } }),
      );
    case "fork":
      return (await got(api.POST("/api/v1/runs/{run_id}/fork", { params, body: { reference: reference ?? "" } }))).run;
    default:
      return got(
        api.POST("/api/v1/runs/{run_id}/retry", {
          params,
          body: { reference, reason, ...(value && { input: value.given }) },
        }),
      );
  }
}
