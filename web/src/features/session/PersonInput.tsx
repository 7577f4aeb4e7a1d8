import { Select, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { describePerson, foundPeopleQuery, usePeopleNames } from "./people";
import { useMayEverywhere } from "./permissions";

interface PersonInputProps {
  label: string;
  description?: string;
  /** The person's id, or an empty text. */
  value: string;
  onChange: (personId: string) => void;
  error?: string;
  required?: boolean;
  w?: number | string;
}

/** A choice of a person by name; the id is typed by who may not see the list of people. */
export function PersonInput({ value, onChange, ...input }: PersonInputProps) {
  const mayRead = useMayEverywhere()("identity.read");
  const describe = usePeopleNames();
  const [typed, setTyped] = useState("");
  const [search] = useDebouncedValue(typed, 250);
  const people = useQuery({ ...foundPeopleQuery(search), enabled: mayRead });
  if (!mayRead) {
    return (
      <TextInput
        placeholder="The person's id"
        value={value}
        onChange={(event) => onChange(event.currentTarget.value.trim())}
        {...input}
      />
    );
  }
  const found = (people.data ?? []).map((each) => ({ value: each.person_id, label: describePerson(each) }));
  const known = value === "" || found.some((each) => each.value === value);
  return (
    <Select
      data={known ? found : [{ value, label: describe(value) }, ...found]}
      value={value || null}
      onChange={(chosen) => onChange(chosen ?? "")}
      searchable
      clearable
      clearButtonProps={{ "aria-label": "Choose nobody" }}
      onSearchChange={setTyped}
      filter={({ options }) => options}
      limit={50}
      nothingFoundMessage="Nobody is called so"
      placeholder="Type a name"
      {...input}
    />
  );
}
