import { Textarea } from "@mantine/core";
import { useEffect, useState } from "react";
import { readJson, writeJson } from "@/lib/json";
import type { CommonProps } from "./SchemaForm";

interface JsonFieldProps {
  value: unknown;
  onChange: (value: unknown) => void;
  pointer: string;
  onReadable: (pointer: string, isReadable: boolean) => void;
  common: CommonProps;
}

/** A value written as JSON. What is typed stays, also while it is none. */
export function JsonField({ value, onChange, pointer, onReadable, common }: JsonFieldProps) {
  const [text, setText] = useState(() => writeJson(value));
  const read = readJson(text);
  const isReadable = "value" in read;
  const written = isReadable ? JSON.stringify(read.value) : null;
  const given = JSON.stringify(value);
  const [seen, setSeen] = useState(given);
  if (given !== seen) {
    setSeen(given);
    // Another value came from outside, such as the input of an earlier run.
    if (given !== written) setText(writeJson(value));
  }
  useEffect(() => {
    onReadable(pointer, isReadable);
    return () => onReadable(pointer, true);
  }, [pointer, isReadable, onReadable]);
  return (
    <Textarea
      {...common}
      description={<>{common.description} (written as JSON)</>}
      value={text}
      onChange={(event) => {
        const changed = event.currentTarget.value;
        const now = readJson(changed);
        setText(changed);
        if ("value" in now) onChange(now.value);
      }}
      error={isReadable ? common.error : read.error}
      autosize
      minRows={2}
      maxRows={16}
      spellCheck={false}
      styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)", fontSize: 13 } }}
    />
  );
}
