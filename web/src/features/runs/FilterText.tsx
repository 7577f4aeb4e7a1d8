import { Autocomplete, CloseButton } from "@mantine/core";
import { useEffect, useState } from "react";

interface FilterTextProps {
  label: string;
  value: string | undefined;
  /** Called with what was chosen from the list, or typed and left or confirmed with Enter. */
  onChange: (value: string | undefined) => void;
  suggestions?: string[];
  width?: number;
}

/** A filter that is typed or chosen. It is in force when it is chosen, left, or confirmed: not with every letter. */
export function FilterText({ label, value, onChange, suggestions = [], width = 150 }: FilterTextProps) {
  const [typed, setTyped] = useState(value ?? "");
  useEffect(() => setTyped(value ?? ""), [value]);
  const commit = (text: string) => {
    const wanted = text.trim() || undefined;
    if (wanted !== value) onChange(wanted);
  };
  return (
    <Autocomplete
      label={label}
      size="xs"
      w={width}
      placeholder="any"
      data={suggestions}
      limit={50}
      value={typed}
      onChange={setTyped}
      onOptionSubmit={commit}
      onBlur={() => commit(typed)}
      onKeyDown={(event) => event.key === "Enter" && !event.defaultPrevented && commit(typed)}
      rightSectionPointerEvents="all"
      rightSection={typed !== "" && <CloseButton size="xs" aria-label={`Any: ${label}`} onClick={() => commit("")} />}
    />
  );
}
