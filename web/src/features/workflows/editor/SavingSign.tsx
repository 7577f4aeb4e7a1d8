import { Button, Group, Text } from "@mantine/core";
import { IconAlertTriangle, IconCheck, IconCloudUpload, IconPencil } from "@tabler/icons-react";
import { ApiError } from "@/api/client";
import type { Saving } from "./saving";

interface SavingSignProps {
  saving: Saving;
  /** Whether there is a draft on the server. */
  hasDraft: boolean;
  onRetry: () => void;
}

/** Whether what is written is on the server. */
export function SavingSign({ saving, hasDraft, onRetry }: SavingSignProps) {
  const [Icon, text] = tell(saving, hasDraft);
  return (
    <Group gap={6} role="status" aria-live="polite" data-saving={saving.kind} wrap="nowrap">
      <Icon size={16} aria-hidden style={{ flexShrink: 0 }} />
      <Text size="sm">{text}</Text>
      {saving.kind === "failed" && (
        <Button size="compact-xs" variant="default" onClick={onRetry}>
          Try again
        </Button>
      )}
    </Group>
  );
}

function tell(saving: Saving, hasDraft: boolean) {
  switch (saving.kind) {
    case "saved":
      return [IconCheck, hasDraft ? "The draft is saved" : "No draft yet: the first change begins one"] as const;
    case "changed":
      return [IconPencil, "Not saved yet"] as const;
    case "saving":
      return [IconCloudUpload, "Saving …"] as const;
    case "conflict":
      return [IconAlertTriangle, "Not saved: the draft has been changed by somebody else"] as const;
    case "failed":
      return [IconAlertTriangle, `Not saved: ${whyOf(saving.error)}`] as const;
  }
}

function whyOf(error: unknown): string {
  if (error instanceof ApiError) return [error.problem.detail, error.problem.hint].filter(Boolean).join(" ");
  return error instanceof Error ? error.message : String(error);
}
