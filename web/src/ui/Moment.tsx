import { Text, Tooltip } from "@mantine/core";
import { describeDistance, describeMoment, describeSeconds, secondsBetween } from "@/lib/time";
import { useNow } from "./useNow";

/** A moment, told by its distance from now; in full, with the zone, when it is pointed at or focused. */
export function Moment({ at, full = false }: { at: string; full?: boolean }) {
  const now = useNow();
  const moment = new Date(at);
  const inFull = describeMoment(moment);
  const distance = describeDistance(moment, now);
  return (
    <Tooltip label={full ? distance : inFull} events={{ hover: true, focus: true, touch: true }}>
      <Text
        component="time"
        dateTime={at}
        inherit
        span
        style={{ whiteSpace: "nowrap" }}
        aria-label={`${distance}, ${inFull}`}
      >
        {full ? inFull : distance}
      </Text>
    </Tooltip>
  );
}

/** How long something took, or has taken until now. */
export function Duration({ began, ended }: { began: string; ended: string | null | undefined }) {
  const now = useNow();
  return (
    <span style={{ whiteSpace: "nowrap" }}>{describeSeconds(Math.max(0, secondsBetween(began, ended, now)))}</span>
  );
}
