import { Code } from "@mantine/core";
import { Fragment } from "react";

/** A text of the server, in which what stands between backticks is code. */
export function Ticked({ text }: { text: string }) {
  return text.split("`").map((part, index) =>
    // biome-ignore lint/suspicious/noArrayIndexKey: the parts of a text have no other name
    index % 2 === 1 ? <Code key={index}>{part}</Code> : <Fragment key={index}>{part}</Fragment>,
  );
}
