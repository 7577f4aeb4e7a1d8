import { Button, Group, Stack, Text } from "@mantine/core";
import type { FormEvent, ReactNode } from "react";
import { ErrorNotice } from "./ErrorNotice";

interface DialogFormProps {
  /** What will happen. */
  consequence?: ReactNode;
  /** What the button says that does it. */
  submit: string;
  /** What the other button says. */
  cancel?: string;
  /** Whether something is taken away. */
  isGrave?: boolean;
  isPending: boolean;
  isDisabled?: boolean;
  /** Why it was refused, where no field says it. */
  error: unknown;
  onSubmit: () => void;
  onCancel: () => void;
  children?: ReactNode;
}

/** The form of a dialog: its fields, what will happen, why it was refused, and the way out. */
export function DialogForm(props: DialogFormProps) {
  const {
    consequence,
    submit,
    cancel = "Cancel",
    isGrave,
    isPending,
    isDisabled,
    error,
    onSubmit,
    onCancel,
    children,
  } = props;
  const send = (event: FormEvent) => {
    event.preventDefault();
    event.stopPropagation();
    if (!isPending) onSubmit();
  };
  return (
    <form onSubmit={send}>
      <Stack gap="sm">
        {children}
        {consequence && (
          <Text size="sm" c={children ? "dimmed" : undefined} component="div">
            {consequence}
          </Text>
        )}
        {error ? <ErrorNotice error={error} /> : null}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onCancel}>
            {cancel}
          </Button>
          <Button
            type="submit"
            color={isGrave ? "red" : undefined}
            loading={isPending}
            disabled={isDisabled}
            data-autofocus={children ? undefined : true}
          >
            {submit}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
