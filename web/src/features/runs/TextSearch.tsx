import { CloseButton, TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { IconSearch } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { useMay } from "@/features/session/permissions";
import type { FilterProps } from "./FilterBar";
import { searchIndexQuery } from "./queries";

const PAUSE = 400;

/** The search by text; for who may see the runs' data. */
export function TextSearch({ filters, onChange }: FilterProps) {
  const mayLook = useMay()("run.data", filters.namespace);
  const index = useQuery({ ...searchIndexQuery, enabled: mayLook });
  const [typed, setTyped] = useState(filters.text ?? "");
  useEffect(
    () => setTyped((before) => (before.trim() === (filters.text ?? "") ? before : (filters.text ?? ""))),
    [filters.text],
  );
  const commit = (text: string) => {
    const wanted = text.trim() || undefined;
    if (wanted !== filters.text) onChange({ text: wanted });
  };
  const commitLater = useDebouncedCallback(commit, PAUSE);
  if (!mayLook) return null;
  const isOff = index.data?.is_on === false;
  return (
    <TextInput
      label="Text"
      size="xs"
      flex="1 1 300px"
      type="search"
      description={
        isOff
          ? index.data?.why_off
          : 'Words in the input, name or error; "in quotes" together; the last may be a beginning.' +
            describeLag(index.data?.behind ?? 0)
      }
      inputWrapperOrder={["label", "input", "description"]}
      disabled={isOff && typed === ""}
      leftSection={<IconSearch size={14} aria-hidden />}
      value={typed}
      onChange={(event) => {
        setTyped(event.currentTarget.value);
        commitLater(event.currentTarget.value);
      }}
      onKeyDown={(event) => event.key === "Enter" && commit(typed)}
      rightSection={
        typed !== "" && (
          <CloseButton
            size="xs"
            aria-label="Clear the text"
            onClick={() => {
              setTyped("");
              commit("");
            }}
          />
        )
      }
    />
  );
}

function describeLag(behind: number): string {
  if (behind === 0) return "";
  return ` The newest ${behind >= 1000 ? "1,000 changes or more are" : behind === 1 ? "change is" : `${behind} changes are`} not found yet.`;
}
