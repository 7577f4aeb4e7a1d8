import { Button, type ButtonProps, Modal } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import type { ReactNode } from "react";

interface DialogButtonProps extends Omit<ButtonProps, "children"> {
  /** What the button says. */
  label: string;
  /** What it is called where its place says more than its text, such as in a row. */
  name?: string;
  /** The dialog's heading. */
  title: string;
  /** What the dialog shows; it begins anew each time that it is opened. */
  children: (close: () => void) => ReactNode;
  dialogSize?: string;
}

/** A button that opens a dialog. */
export function DialogButton({ label, name, title, children, dialogSize = "md", ...button }: DialogButtonProps) {
  const [isOpen, { open, close }] = useDisclosure();
  return (
    <>
      <Button {...button} onClick={open} aria-label={name} aria-haspopup="dialog">
        {label}
      </Button>
      <Modal
        opened={isOpen}
        onClose={close}
        title={title}
        size={dialogSize}
        closeButtonProps={{ "aria-label": "Close" }}
      >
        {isOpen && children(close)}
      </Modal>
    </>
  );
}
