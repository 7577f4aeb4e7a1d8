import { ActionIcon, Tooltip } from "@mantine/core";
import type { ReactNode } from "react";

/** A small button with a picture, that says its name when it is pointed at. */
export function IconTool({ label, icon, onClick }: { label: string; icon: ReactNode; onClick: () => void }) {
  return (
    <Tooltip label={label}>
      <ActionIcon variant="subtle" color="gray" size="md" aria-label={label} onClick={onClick}>
        {icon}
      </ActionIcon>
    </Tooltip>
  );
}
