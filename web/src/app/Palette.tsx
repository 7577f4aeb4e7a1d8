import { Spotlight, type SpotlightActionData } from "@mantine/spotlight";
import { IconSearch } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useDeferredValue, useState } from "react";
import { useMay } from "@/features/session/permissions";
import { type Command, listDoings, listPages, listSearches, listWorkflows } from "./commands";
import { foundWorkflowsQuery } from "./paletteQueries";
import { useAdministration } from "./useAdministration";

/** The command palette: pages, workflows and runs by name, things to do, and what is typed as a search of runs. */
export function Palette() {
  const navigate = useNavigate();
  const may = useMay();
  const administration = useAdministration();
  const [query, setQuery] = useState("");
  const text = query.trim();
  const asked = useDeferredValue(text);
  const found = useQuery({ ...foundWorkflowsQuery(asked), enabled: asked !== "" && may("workflow.read") });
  const groups: [string, Command[]][] = [
    ["Pages", listPages(administration, may)],
    ["Do", listDoings(may)],
    ["Workflows", text === "" ? [] : listWorkflows(found.data ?? [])],
    ["Runs", listSearches(text, may)],
  ];
  const toAction = ({ id, label, summary, icon: Icon, keywords, target }: Command): SpotlightActionData => ({
    id,
    label,
    description: summary,
    keywords,
    leftSection: <Icon size={20} aria-hidden />,
    onClick: () => void navigate(target),
  });
  return (
    <Spotlight
      actions={groups
        .filter(([, commands]) => commands.length > 0)
        .map(([group, commands]) => ({ group, actions: commands.map(toAction) }))}
      query={query}
      onQueryChange={setQuery}
      shortcut={["mod + K"]}
      tagsToIgnore={[]}
      triggerOnContentEditable
      nothingFound="Nothing of that name"
      highlightQuery
      scrollable
      maxHeight="70vh"
      searchProps={{
        leftSection: <IconSearch size={20} aria-hidden />,
        placeholder: "Go to, do, or search runs",
        "aria-label": "Go to, do, or search runs",
      }}
    />
  );
}
