import { Button } from "@mantine/core";
import { IconBell, IconBellOff } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { useSyncExternalStore } from "react";
import type { RunView } from "@/api/schema";
import { hasEnded } from "@/lib/states";
import { watchers } from "./watching";

/** Asks to be told when the run has ended, wherever one is in this tab by then. */
export function WatchButton({ run }: { run: RunView }) {
  const queryClient = useQueryClient();
  const isWatched = useSyncExternalStore(watchers.subscribe, () => watchers.has(run.run_id));
  if (hasEnded(run.status)) return null;
  return (
    <Button
      size="xs"
      variant={isWatched ? "light" : "default"}
      aria-pressed={isWatched}
      title="A notice appears when it has ended, as long as this tab is open"
      leftSection={isWatched ? <IconBellOff size={14} aria-hidden /> : <IconBell size={14} aria-hidden />}
      onClick={() => (isWatched ? watchers.stop(run.run_id) : watchers.start(run.run_id, queryClient))}
    >
      {isWatched ? "Watched" : "Tell me"}
    </Button>
  );
}
