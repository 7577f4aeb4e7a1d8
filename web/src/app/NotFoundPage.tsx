import { EmptyState } from "@/ui/EmptyState";
import { TextLink } from "@/ui/links";
import { Page } from "@/ui/Page";

export function NotFoundPage() {
  return (
    <Page title="There is no such page">
      <EmptyState title="Nothing is at this address">
        It may have been mistyped, or what was here is gone. <TextLink to="/">Home</TextLink> shows what there is.
      </EmptyState>
    </Page>
  );
}
