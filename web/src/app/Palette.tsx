import { Spotlight, type SpotlightActionData } from "@mantine/spotlight";
import { IconSearch } from "@tabler/icons-react";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useMay } from "@/features/session/permissions";
import { DESTINATIONS } from "./navigation";

/** The command palette: pages by name, and whatever else is typed as a search of runs. */
export function Palette() {
  const navigate = useNavigate();
  const may = useMay();
  const [query, setQuery] = useState("");
  const pages: SpotlightActionData[] = DESTINATIONS.filter((each) => !each.permission || may(each.permission)).map(
    ({ label, to, icon: Icon, summary }) => ({
      id: to,
      label,
      description: summary,
      leftSection: <Icon size={20} aria-hidden />,
      onClick: () => void navigate({ to }),
    }),
  );
  const text = query.trim();
  const search: SpotlightActionData[] =
    text !== "" && may("run.data")
      ? [
          {
            id: "search",
            label: `Runs with "${text}"`,
            description: "In their input, name or error",
            keywords: text,
            leftSection: <IconSearch size={20} aria-hidden />,
            onClick: () => void navigate({ to: "/runs", search: { text } }),
          },
        ]
      : [];
  return (
    <Spotlight
      actions={[...pages, ...search]}
      query={query}
      onQueryChange={setQuery}
      shortcut={["mod + K"]}
      nothingFound="Nothing of that name"
      highlightQuery
      searchProps={{ leftSection: <IconSearch size={20} aria-hidden />, placeholder: "Go to, or search runs" }}
    />
  );
}
