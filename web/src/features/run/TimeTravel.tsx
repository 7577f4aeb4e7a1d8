import { ActionIcon, Button, Group, Paper, Slider, Stack, Text, Tooltip } from "@mantine/core";
import { useHotkeys } from "@mantine/hooks";
import {
  IconChevronLeft,
  IconChevronRight,
  IconPlayerPause,
  IconPlayerPlay,
  IconPlayerTrackNext,
} from "@tabler/icons-react";
import { useEffect, useState } from "react";
import { describeMoment } from "@/lib/time";
import { ErrorNotice } from "@/ui/ErrorNotice";
import { Prose } from "@/ui/Prose";
import { StatusBadge } from "@/ui/StatusBadge";
import type { Selection } from "./selection";
import { TextButton } from "./TextButton";
import type { Travel } from "./useTravel";

/** How long each event is shown while the history is played. */
const STEP_MILLIS = 600;

interface TimeTravelProps {
  travel: Travel;
  mayData: boolean;
  onSelect: (selection: Selection | null) => void;
}

/** A slider over the run's history: everything on the page is shown as it was after the event that it stands at. */
export function TimeTravel({ travel, mayData, onSelect }: TimeTravelProps) {
  const { total, at = total, past, go } = travel;
  const [dragged, setDragged] = useState<number | null>(null);
  const [isPlaying, setPlaying] = useState(false);
  const step = (by: number) => {
    setPlaying(false);
    go(Math.min(Math.max(at + by, 1), total));
  };
  const isReady = past?.event.seq === at;
  useEffect(() => {
    if (!isPlaying || !isReady) return;
    if (at >= total) {
      setPlaying(false);
      return;
    }
    const timer = setTimeout(() => go(at + 1), STEP_MILLIS);
    return () => clearTimeout(timer);
  }, [isPlaying, isReady, at, total, go]);
  // A drag asks for what it passes now and then, and for where it ends.
  useEffect(() => {
    if (dragged === null || dragged === at) return;
    const timer = setTimeout(() => go(dragged), 120);
    return () => clearTimeout(timer);
  }, [dragged, at, go]);
  useHotkeys([
    ["[", () => step(-1)],
    ["]", () => step(1)],
    ["p", () => setPlaying((before) => !before)],
    ["n", () => go(undefined)],
  ]);
  const shown = dragged ?? at;
  const event = past?.event;
  return (
    <Paper withBorder p="sm" radius="md" component="section" aria-label="Time travel">
      <Stack gap={6}>
        <Group gap="xs">
          <Tooltip label="One event back: [">
            <ActionIcon variant="default" aria-label="One event back" onClick={() => step(-1)} disabled={at <= 1}>
              <IconChevronLeft size={16} aria-hidden />
            </ActionIcon>
          </Tooltip>
          <Tooltip label={isPlaying ? "Stop: p" : "Play: p"}>
            <ActionIcon
              variant="default"
              aria-label={isPlaying ? "Stop playing" : "Play the history"}
              onClick={() => {
                if (!isPlaying && at >= total) go(1);
                setPlaying(!isPlaying);
              }}
            >
              {isPlaying ? <IconPlayerPause size={16} aria-hidden /> : <IconPlayerPlay size={16} aria-hidden />}
            </ActionIcon>
          </Tooltip>
          <Tooltip label="One event on: ]">
            <ActionIcon variant="default" aria-label="One event on" onClick={() => step(1)} disabled={at >= total}>
              <IconChevronRight size={16} aria-hidden />
            </ActionIcon>
          </Tooltip>
          <Slider
            flex={1}
            miw={180}
            mx="xs"
            min={1}
            max={Math.max(2, total)}
            value={shown}
            onChange={setDragged}
            onChangeEnd={(value) => {
              setDragged(null);
              setPlaying(false);
              go(value);
            }}
            label={(value) => `Event ${value}`}
            thumbLabel="Event of the history"
          />
          <Tooltip label="Back to now: n">
            <Button
              size="xs"
              variant="default"
              leftSection={<IconPlayerTrackNext size={14} aria-hidden />}
              onClick={() => go(undefined)}
            >
              Back to now
            </Button>
          </Tooltip>
        </Group>
        {travel.error && <ErrorNotice error={travel.error} />}
        <Text size="sm" role="status" component="div" style={{ overflowWrap: "anywhere" }}>
          <b>
            As it was after event {event?.seq ?? at} of {total}
          </b>{" "}
          {past?.state && <StatusBadge status={past.state.status} />}
          {event && (
            <>
              {" · "}
              {describeMoment(new Date(event.at), { millis: true })}:{" "}
              {event.reference !== "" && (
                <TextButton onClick={() => onSelect({ reference: event.reference })}>{event.name}</TextButton>
              )}{" "}
              <Prose text={event.text} />
            </>
          )}
        </Text>
        {!mayData && (
          <Text size="xs" c="dimmed">
            You may not see this run's data: tasks are told by their times, which events in one step share.
          </Text>
        )}
      </Stack>
    </Paper>
  );
}
