import type { LinkProps } from "@tanstack/react-router";
import { TextLink } from "@/ui/links";
import { SHOWN } from "./queries";

/** A link to all runs of which only some are shown. */
export function MoreRuns({ search }: { search: LinkProps<"a">["search"] }) {
  return (
    <TextLink to="/runs" search={search as never} size="sm">
      There are more than these {SHOWN}: show all
    </TextLink>
  );
}
