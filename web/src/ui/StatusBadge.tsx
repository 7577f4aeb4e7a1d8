import {
  IconAlertTriangle,
  IconBan,
  IconCheck,
  IconClock,
  IconFileAlert,
  IconPlayerPause,
  IconPlayerPlay,
  IconPlayerSkipForward,
  IconRefresh,
  IconX,
  type TablerIcon,
} from "@tabler/icons-react";
import { moodOf } from "@/lib/states";
import classes from "./StatusBadge.module.css";

const ICONS: Record<string, TablerIcon> = {
  running: IconPlayerPlay,
  retrying: IconPlayerPlay,
  cancelling: IconBan,
  waiting: IconClock,
  held: IconClock,
  suspended: IconPlayerPause,
  completed: IconCheck,
  faulted: IconX,
  caught: IconAlertTriangle,
  lost: IconAlertTriangle,
  damaged: IconFileAlert,
  cancelled: IconBan,
  skipped: IconPlayerSkipForward,
  passed: IconPlayerSkipForward,
  retried: IconRefresh,
  interrupted: IconPlayerPause,
};

/** The icon of a run's or a task's status. */
export function StatusIcon({ status, size = 14 }: { status: string; size?: number }) {
  const Icon = ICONS[status] ?? IconClock;
  return <Icon size={size} aria-hidden />;
}

/** A run's or a task's status: an icon, its name and a colour. */
export function StatusBadge({ status }: { status: string }) {
  return (
    <span className={classes.badge} data-mood={moodOf(status)} data-status={status}>
      <StatusIcon status={status} />
      {status}
    </span>
  );
}
