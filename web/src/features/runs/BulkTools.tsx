import { Button, Group, Text } from "@mantine/core";
import { useState } from "react";
import { useMay } from "@/features/session/permissions";
import { isRestricted, type RunFilters } from "./address";
import { BulkDialog } from "./BulkDialog";
import { ACTIONS, BULK_ACTIONS, type BulkAction, countRuns } from "./bulk";
import { EVERYTHING, NOTHING, type Selection } from "./selection";

interface BulkToolsProps {
  filters: RunFilters;
  selection: Selection;
  onSelect: (selection: Selection) => void;
  onStarted: (bulkId: string) => void;
}

/** How much is selected, and what can be done with it. */
export function BulkTools({ filters, selection, onSelect, onStarted }: BulkToolsProps) {
  const may = useMay();
  const [action, setAction] = useState<BulkAction | null>(null);
  const done = () => {
    setAction(null);
    onSelect(NOTHING);
  };
  return (
    <Group gap={6}>
      <Text size="sm" fw={600} role="status">
        {selection.isAll ? "All runs that match are selected" : `${countRuns(selection.ids.size)} selected`}
      </Text>
      {BULK_ACTIONS.filter((each) => may(ACTIONS[each].permission, filters.namespace)).map((each) => (
        <Button
          key={each}
          size="compact-sm"
          variant="default"
          color={ACTIONS[each].isGrave ? "red" : undefined}
          onClick={() => setAction(each)}
          aria-haspopup="dialog"
        >
          {ACTIONS[each].label} …
        </Button>
      ))}
      {!selection.isAll && isRestricted(filters) && (
        <Button size="compact-sm" variant="subtle" onClick={() => onSelect(EVERYTHING)}>
          Select all that match
        </Button>
      )}
      <Button size="compact-sm" variant="subtle" onClick={() => onSelect(NOTHING)}>
        Select none
      </Button>
      {action && (
        <BulkDialog
          action={action}
          filters={filters}
          runIds={selection.isAll ? null : [...selection.ids]}
          onClose={() => setAction(null)}
          onDone={done}
          onStarted={(bulkId) => {
            done();
            onStarted(bulkId);
          }}
        />
      )}
    </Group>
  );
}
