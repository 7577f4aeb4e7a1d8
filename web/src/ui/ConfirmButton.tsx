import type { ButtonProps } from "@mantine/core";
import type { UseMutationResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { DialogButton } from "./DialogButton";
import { DialogForm } from "./DialogForm";

interface ConfirmButtonProps extends ButtonProps {
  label: string;
  name?: string;
  /** The question. */
  title: string;
  /** What the button says that does it. */
  submit: string;
  /** What will happen. */
  consequence: ReactNode;
  isGrave?: boolean;
  action: UseMutationResult<unknown, Error, void>;
}

/** A button whose action is done once it has been said what will happen, and that was wanted. */
export function ConfirmButton(props: ConfirmButtonProps) {
  const { label, name, title, submit, consequence, isGrave = true, action, ...button } = props;
  return (
    <DialogButton variant="default" size="xs" {...button} label={label} name={name} title={title}>
      {(close) => (
        <DialogForm
          submit={submit}
          isGrave={isGrave}
          consequence={consequence}
          isPending={action.isPending}
          error={action.error}
          onCancel={() => {
            action.reset();
            close();
          }}
          onSubmit={() => action.mutate(undefined, { onSuccess: close })}
        />
      )}
    </DialogButton>
  );
}
