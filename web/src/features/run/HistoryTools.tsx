import { Button, Group, NativeSelect, NumberInput, Switch, TextInput } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { type FormEvent, useState } from "react";
import { ABOUT, type About, type HistoryFilter } from "./historyFilter";
import type { Selection } from "./selection";
import { describePlace } from "./tasks";

interface HistoryToolsProps {
  filter: Omit<HistoryFilter, "reference"> & { onlyTask: boolean };
  onFilter: (changes: Partial<HistoryToolsProps["filter"]>) => void;
  follow: boolean;
  onFollow: (follow: boolean) => void;
  selection: Selection | null;
  total: number;
  onJump: (seq: number) => void;
}

/** What of a history is shown, and where one looks. */
export function HistoryTools({ filter, onFilter, follow, onFollow, selection, total, onJump }: HistoryToolsProps) {
  const [wanted, setWanted] = useState<string | number>("");
  const jump = (event: FormEvent) => {
    event.preventDefault();
    const seq = Number(wanted);
    if (Number.isInteger(seq) && seq >= 1) onJump(seq);
  };
  return (
    <>
      <Group gap="sm">
        <TextInput
          size="xs"
          flex={1}
          miw={160}
          leftSection={<IconSearch size={14} aria-hidden />}
          placeholder="Only events with this text"
          aria-label="Only events with this text"
          maxLength={500}
          value={filter.text}
          onChange={(event) => onFilter({ text: event.currentTarget.value })}
        />
        <NativeSelect
          size="xs"
          aria-label="What events are about"
          data={ABOUT}
          value={filter.about}
          onChange={(event) => onFilter({ about: event.currentTarget.value as About })}
        />
        <form onSubmit={jump}>
          <Group gap={4} wrap="nowrap">
            <NumberInput
              size="xs"
              w={110}
              min={1}
              max={total}
              allowDecimal={false}
              hideControls
              placeholder={`1 to ${total}`}
              aria-label="Number of an event"
              value={wanted}
              onChange={setWanted}
            />
            <Button size="xs" variant="default" type="submit">
              Go to event
            </Button>
          </Group>
        </form>
      </Group>
      <Group gap="md">
        <Switch
          size="xs"
          label="Only what went wrong"
          checked={filter.onlyBad}
          onChange={(event) => onFilter({ onlyBad: event.currentTarget.checked })}
        />
        <Switch
          size="xs"
          label={selection ? `Only ${describePlace(selection)}` : "Only the selected task"}
          disabled={!selection}
          checked={filter.onlyTask && selection !== null}
          onChange={(event) => onFilter({ onlyTask: event.currentTarget.checked })}
        />
        <Switch size="xs" label="Follow" checked={follow} onChange={(event) => onFollow(event.currentTarget.checked)} />
      </Group>
    </>
  );
}
