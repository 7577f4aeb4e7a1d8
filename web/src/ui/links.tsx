/** Mantine's components as links of the router: their addresses and searches are checked by the compiler. */
import { Anchor, type AnchorProps, Button, type ButtonProps, NavLink, type NavLinkProps } from "@mantine/core";
import { createLink } from "@tanstack/react-router";
import type { AnchorHTMLAttributes, Ref } from "react";

type Attributes<Props> = Props &
  Omit<AnchorHTMLAttributes<HTMLAnchorElement>, keyof Props> & { ref?: Ref<HTMLAnchorElement> };

export const TextLink = createLink((props: Attributes<AnchorProps>) => <Anchor {...props} />);
export const ButtonLink = createLink((props: Attributes<ButtonProps>) => <Button component="a" {...props} />);
export const NavigationLink = createLink((props: Attributes<NavLinkProps>) => <NavLink component="a" {...props} />);
