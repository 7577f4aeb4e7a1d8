import type { ReactNode } from "react";
import classes from "./run.module.css";

/** Questions and what is to be said to each, beside one another. */
export function Facts({ facts }: { facts: [label: string, told: ReactNode][] }) {
  return (
    <dl className={classes.facts}>
      {facts.map(([label, told]) => (
        <div key={label} className={classes.fact}>
          <dt>{label}</dt>
          <dd>{told}</dd>
        </div>
      ))}
    </dl>
  );
}
