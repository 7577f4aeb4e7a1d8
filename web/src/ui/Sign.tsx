import { Badge, type MantineColor } from "@mantine/core";
import type { TablerIcon } from "@tabler/icons-react";

interface SignProps {
  label: string;
  icon: TablerIcon;
  color?: MantineColor;
}

/** A word about a state, with an icon; it is never cut off. */
export function Sign({ label, icon: Icon, color = "gray" }: SignProps) {
  return (
    <Badge
      variant="light"
      color={color}
      tt="none"
      fw={600}
      leftSection={<Icon size={12} aria-hidden />}
      miw="max-content"
      style={{ flex: "none" }}
    >
      {label}
    </Badge>
  );
}
