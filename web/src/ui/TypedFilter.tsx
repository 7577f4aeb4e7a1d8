import { Autocomplete } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { useEffect, useState } from "react";

interface TypedFilterProps {
  label: string;
  placeholder: string;
  value: string | undefined;
  choices?: string[];
  onChange: (value: string | undefined) => void;
  width: number;
}

/** A filter that is typed: it is asked for once the typing pauses. */
export function TypedFilter({ label, placeholder, value, choices, onChange, width }: TypedFilterProps) {
  const [typed, setTyped] = useState(value ?? "");
  const tell = useDebouncedCallback((text: string) => onChange(text.trim() || undefined), 350);
  useEffect(() => setTyped(value ?? ""), [value]);
  return (
    <Autocomplete
      label={label}
      placeholder={placeholder}
      data={choices ?? []}
      value={typed}
      onChange={(text) => {
        setTyped(text);
        tell(text);
      }}
      w={width}
      limit={50}
    />
  );
}
