import type { ReactNode } from "react";
import css from "./Facts.module.css";

export interface FactItem {
  label: string;
  /** A fact with the value null is omitted. */
  value: ReactNode;
}

/** Names and values side by side. */
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
