import { Button, Chip, Group, Stack, Text } from "@mantine/core";
import { IconFilterOff } from "@tabler/icons-react";
import { RUN_STATUSES, type RunStatus } from "@/lib/states";
import { StatusIcon } from "@/ui/StatusBadge";
import { isRestricted, type RunFilters } from "./address";
import { FilterText } from "./FilterText";
import { PeriodMenu } from "./PeriodMenu";
import { describeFilters } from "./sentence";
import { TextSearch } from "./TextSearch";
import { WorkflowFields } from "./WorkflowFields";

export interface FilterProps {
  filters: RunFilters;
  /** Changes some filters and leaves the others; one that is undefined is taken away. */
  onChange: (some: Partial<RunFilters>) => void;
}

/** All filters of the list, and what they mean in words. */
export function FilterBar({ filters, onChange, onClear }: FilterProps & { onClear: () => void }) {
  return (
    <Stack gap="xs" component="search" aria-label="Filters">
      <Group gap="xs" align="flex-start">
        <TextSearch filters={filters} onChange={onChange} />
        <WorkflowFields filters={filters} onChange={onChange} />
        <PeriodMenu filters={filters} onChange={onChange} />
      </Group>
      <Group gap="xs" justify="space-between">
        <StatusChips filters={filters} onChange={onChange} />
        <Group gap="md">
          <Chip
            size="xs"
            variant="light"
            checked={filters.top ?? false}
            onChange={(isChecked) => onChange({ top: isChecked || undefined })}
          >
            Without child runs
          </Chip>
          {filters.parent !== undefined && (
            <FilterText
              label="Started by the run"
              value={filters.parent}
              onChange={(parent) => onChange({ parent })}
              width={270}
            />
          )}
        </Group>
      </Group>
      <Group gap="xs" wrap="nowrap" align="flex-start" justify="space-between">
        <Text size="sm" role="status" style={{ overflowWrap: "anywhere" }}>
          {describeFilters(filters)}
        </Text>
        {isRestricted(filters) && (
          <Button
            size="compact-sm"
            variant="subtle"
            flex="none"
            leftSection={<IconFilterOff size={14} aria-hidden />}
            onClick={onClear}
          >
            Clear
          </Button>
        )}
      </Group>
    </Stack>
  );
}

function StatusChips({ filters, onChange }: FilterProps) {
  const chosen = filters.status ?? [];
  return (
    <Chip.Group
      multiple
      value={chosen}
      onChange={(values) => onChange({ status: values.length > 0 ? (values as RunStatus[]) : undefined })}
    >
      <Group gap={6} role="group" aria-label="Status">
        {RUN_STATUSES.map((status) => (
          <Chip key={status} value={status} size="xs" variant="light">
            <Group gap={4} wrap="nowrap" display="inline-flex">
              {!chosen.includes(status) && <StatusIcon status={status} size={12} />}
              {status}
            </Group>
          </Chip>
        ))}
      </Group>
    </Chip.Group>
  );
}
