import { Checkbox, Stack } from "@mantine/core";
import { usePermissions } from "./usePermissions";

interface PermissionChoiceProps {
  label: string;
  /** What can be chosen. */
  choices: string[];
  value: string[];
  onChange: (permissions: string[]) => void;
  error?: string;
}

/** A choice of permissions, each with what it allows. */
export function PermissionChoice({ label, choices, value, onChange, error }: PermissionChoiceProps) {
  const { describe, sort } = usePermissions();
  return (
    <Checkbox.Group label={label} value={value} onChange={onChange} error={error} required>
      <Stack gap={6} mt={4} mah={300} p={2} style={{ overflowY: "auto" }}>
        {sort(choices).map((permission) => (
          <Checkbox
            key={permission}
            value={permission}
            label={permission}
            description={describe(permission)}
            styles={{ label: { fontFamily: "var(--mantine-font-family-monospace)" } }}
          />
        ))}
      </Stack>
    </Checkbox.Group>
  );
}
