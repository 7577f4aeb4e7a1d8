import { Button, Group, Input, Popover, SegmentedControl, Stack, Text, TextInput } from "@mantine/core";
import { IconCalendar, IconChevronDown } from "@tabler/icons-react";
import { type FormEvent, useState } from "react";
import { getPeriod, makePeriodFilters, type TimeKind, toMoment } from "./address";
import type { FilterProps } from "./FilterBar";
import { describePeriod, TIME_WORDS } from "./sentence";

const PRESETS = [
  ["-15m", "15 minutes"],
  ["-1h", "Hour"],
  ["-24h", "24 hours"],
  ["-7d", "7 days"],
  ["-30d", "30 days"],
] as const;
const KINDS = [
  { value: "started", label: "Started" },
  { value: "ended", label: "Ended" },
  { value: "updated", label: "Changed" },
];

/** The period: the last hours or days, or exact times; of runs' starts, ends or last changes. */
export function PeriodMenu({ filters, onChange }: FilterProps) {
  const [isOpen, setIsOpen] = useState(false);
  const period = getPeriod(filters);
  const isAny = period.after === undefined && period.before === undefined;
  const text = isAny ? "any time" : `${TIME_WORDS[period.kind]} ${describePeriod(period)}`;
  return (
    <Input.Wrapper label="Period" size="xs" labelElement="div" maw="100%">
      <Popover opened={isOpen} onChange={setIsOpen} position="bottom-end" trapFocus shadow="md" withinPortal>
        <Popover.Target>
          <Button
            display="block"
            size="xs"
            variant="default"
            maw="100%"
            leftSection={<IconCalendar size={14} aria-hidden />}
            rightSection={<IconChevronDown size={14} aria-hidden />}
            onClick={() => setIsOpen(!isOpen)}
            aria-label={`Period: ${text}`}
          >
            {text}
          </Button>
        </Popover.Target>
        <Popover.Dropdown aria-label="Period">
          {isOpen && (
            <PeriodForm
              filters={filters}
              onChange={(some) => {
                setIsOpen(false);
                onChange(some);
              }}
            />
          )}
        </Popover.Dropdown>
      </Popover>
    </Input.Wrapper>
  );
}

function PeriodForm({ filters, onChange }: FilterProps) {
  const period = getPeriod(filters);
  const [kind, setKind] = useState<TimeKind>(period.kind);
  const [after, setAfter] = useState(() => toLocal(period.after));
  const [before, setBefore] = useState(() => toLocal(period.before));
  const isBackwards = after !== "" && before !== "" && after >= before;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!isBackwards) onChange(makePeriodFilters({ kind, after: toIso(after), before: toIso(before) }));
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="sm" maw={340}>
        <SegmentedControl
          size="xs"
          data={KINDS}
          value={kind}
          onChange={(value) => setKind(value as TimeKind)}
          aria-label="Which time of a run"
        />
        <Stack gap={4}>
          <Text size="xs" c="dimmed" id="presets">
            In the last
          </Text>
          <Group gap={6} role="group" aria-labelledby="presets">
            {PRESETS.map(([distance, label]) => (
              <Button
                key={distance}
                size="compact-sm"
                variant={period.after === distance && period.before === undefined ? "filled" : "default"}
                onClick={() => onChange(makePeriodFilters({ kind, after: distance }))}
              >
                {label}
              </Button>
            ))}
          </Group>
        </Stack>
        <TextInput
          size="xs"
          type="datetime-local"
          step={1}
          label="From"
          value={after}
          onChange={(event) => setAfter(event.currentTarget.value)}
        />
        <TextInput
          size="xs"
          type="datetime-local"
          step={1}
          label="To (not included)"
          value={before}
          onChange={(event) => setBefore(event.currentTarget.value)}
          error={isBackwards ? "It must be later than the beginning." : undefined}
        />
        <Text size="xs" c="dimmed">
          In your zone, {Intl.DateTimeFormat().resolvedOptions().timeZone}.
        </Text>
        <Group justify="space-between">
          <Button size="xs" variant="default" onClick={() => onChange(makePeriodFilters(null))}>
            Any time
          </Button>
          <Button size="xs" type="submit" disabled={isBackwards || (after === "" && before === "")}>
            Show these times
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

/** Returns a time of the address as the browser's field for times wants it: local, without zone. */
function toLocal(value: string | undefined): string {
  if (value === undefined) return "";
  const moment = toMoment(value, new Date());
  return new Date(moment.getTime() - moment.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
}

function toIso(local: string): string | undefined {
  return local === "" ? undefined : new Date(local).toISOString();
}
