import { Badge, Tooltip } from "@mantine/core";
import { IconBolt, IconBoltOff } from "@tabler/icons-react";
import { useSyncExternalStore } from "react";
import { useMay } from "@/features/session/permissions";
import { liveStream } from "./live";

const TEXTS = {
  connecting: ["Connecting", "Waiting for the live stream"],
  live: ["Live", "What is shown follows what happens"],
  lost: ["Not live", "The server cannot be reached; it is tried again, and nothing will be missed"],
} as const;

/** Whether what is shown follows what happens. */
export function LiveSign() {
  const may = useMay();
  const state = useSyncExternalStore(liveStream.subscribeState, () => liveStream.state);
  const [label, meaning] = TEXTS[state];
  if (!may("run.read")) return null; // nothing is followed
  const Icon = state === "lost" ? IconBoltOff : IconBolt;
  return (
    <Tooltip label={meaning}>
      <Badge
        role="status"
        variant="light"
        tt="none"
        color={state === "live" ? "teal" : state === "lost" ? "red" : "gray"}
        leftSection={<Icon size={12} aria-hidden />}
        data-live={state}
        style={{ flex: "none" }}
      >
        {label}
      </Badge>
    </Tooltip>
  );
}
