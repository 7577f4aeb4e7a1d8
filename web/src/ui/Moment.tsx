import { Text, Tooltip } from "@mantine/core";
import { describeDistance, describeMoment, describeSeconds, secondsBetween } from "@/lib/time";
import { useNow, useTold } from "./useNow";

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

/** How far a moment is from now. For rows of which there are many: the time in full is a title, not a tooltip. */
export function Ago({ at }: { at: string }) {
  const moment = new Date(at);
  return (
    <time dateTime={at} title={describeMoment(moment)}>
      {useTold((now) => describeDistance(moment, now))}
    </time>
  );
}

/** How long something took, or has taken until now. */
export function Duration({ began, ended }: { began: string; ended: string | null | undefined }) {
  return (
    <span style={{ whiteSpace: "nowrap" }}>
      {useTold((now) => describeSeconds(Math.max(0, secondsBetween(began, ended, now))))}
    </span>
  );
}
