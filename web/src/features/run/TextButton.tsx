import { Button, type ButtonProps } from "@mantine/core";
import type { ButtonHTMLAttributes } from "react";

type TextButtonProps = ButtonProps & Omit<ButtonHTMLAttributes<HTMLButtonElement>, keyof ButtonProps>;

/** A button that only leads somewhere on the page. */
export function TextButton(props: TextButtonProps) {
  return <Button variant="subtle" size="compact-xs" {...props} />;
}
