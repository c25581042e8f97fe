import type { ReactNode } from "react";
import css from "./Facts.module.css";

export interface FactItem {
  label: string;
  /** null leaves the fact out. */
  value: ReactNode;
}

/** What is known of a thing: names and values side by side. */
export function Facts({ facts }: { facts: readonly FactItem[] }) {
  return (
    <dl className={css.facts}>
      {facts.map(
        ({ label, value }) =>
          value !== null && (
            <div key={label}>
              <dt>{label}</dt>
              <dd>{value}</dd>
            </div>
          ),
      )}
    </dl>
  );
}
