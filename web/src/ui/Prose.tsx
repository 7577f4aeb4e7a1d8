import classes from "./Prose.module.css";

/** A sentence of the server as text; what stands between backticks is shown as code. */
export function Prose({ text }: { text: string }) {
  const parts = text.split("`");
  // A backtick that stands alone is one of the text.
  if (parts.length % 2 === 0) return text;
  return parts.map((part, index) => {
    if (index % 2 === 0) return part;
    return (
      // biome-ignore lint/suspicious/noArrayIndexKey: the parts of a sentence are told apart by nothing else
      <code key={index} className={classes.code}>
        {part.trim()}
      </code>
    );
  });
}
