import { TextInput, type TextInputProps } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { useEffect, useRef, useState } from "react";

const PAUSE_MILLIS = 250;

interface SearchInputProps extends Omit<TextInputProps, "value" | "onChange"> {
  /** What is looked for, as the address says it. */
  value: string | undefined;
  onChange: (text: string | undefined) => void;
}

/** A field for a text that is looked for; it is asked for once the typing pauses. */
export function SearchInput({ value = "", onChange, ...input }: SearchInputProps) {
  const [typed, setTyped] = useState(value);
  const told = useRef(value);
  const tell = useDebouncedCallback((text: string) => {
    told.current = text.trim();
    onChange(told.current || undefined);
  }, PAUSE_MILLIS);
  useEffect(() => {
    // Only what came from elsewhere, such as a link: one's own words come back without the blank that is being typed.
    if (value !== told.current) setTyped(value);
    told.current = value;
  }, [value]);
  return (
    <TextInput
      type="search"
      value={typed}
      onChange={(event) => {
        setTyped(event.currentTarget.value);
        tell(event.currentTarget.value);
      }}
      {...input}
    />
  );
}
