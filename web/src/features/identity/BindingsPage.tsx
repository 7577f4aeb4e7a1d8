import { IconPlus } from "@tabler/icons-react";
import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import type { Binding } from "@/api/schema";
import { usePeopleNames } from "@/features/session/people";
import { useMay } from "@/features/session/permissions";
import { DialogButton } from "@/ui/DialogButton";
import { EmptyState } from "@/ui/EmptyState";
import { Page } from "@/ui/Page";
import { PagedView } from "@/ui/PagedView";
import { SearchInput } from "@/ui/SearchInput";
import { BindingForm } from "./BindingForm";
import { BindingTable } from "./BindingTable";
import { bindingsQuery } from "./queries";

const route = getRouteApi("/administration/bindings");

/** Who was given which role, where and until when. */
export function BindingsPage() {
  const { search = "" } = route.useSearch();
  const navigate = route.useNavigate();
  const bindings = useInfiniteQuery(bindingsQuery);
  const describe = usePeopleNames();
  const mayWrite = useMay()("identity.write");
  const matches = (binding: Binding) =>
    [binding.role, binding.namespace ?? "everywhere", binding.subject.key, describe(binding.subject.key)].some((text) =>
      text.toLowerCase().includes(search.toLowerCase()),
    );
  return (
    <Page
      title="Bindings"
      summary="A binding gives a role to a person or a group, in one namespace or everywhere. There are no denials: what no binding gives is not allowed."
      actions={
        mayWrite && (
          <DialogButton label="Give a role" title="Give a role" leftSection={<IconPlus size={16} aria-hidden />}>
            {(close) => <BindingForm onClose={close} />}
          </DialogButton>
        )
      }
    >
      <SearchInput
        label="Find"
        placeholder="A role, a name or a namespace"
        maw={320}
        value={search}
        onChange={(text) => void navigate({ search: { search: text }, replace: true })}
      />
      <PagedView query={bindings}>
        {(all) => {
          const found = all.filter(matches);
          if (found.length === 0) return <EmptyState title="No binding matches" />;
          return <BindingTable bindings={found} caption="Bindings, expired ones too" />;
        }}
      </PagedView>
    </Page>
  );
}
