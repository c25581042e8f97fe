import type { ReactNode } from "react";
import { classes } from "./classes";
import css from "./Columns.module.css";

interface Props {
  /** What one works in: the wider column. */
  children: ReactNode;
  side: ReactNode;
  /** The side stands before the rest: a list to choose from. */
  first?: boolean;
}

/** Two columns; one below the other where there is no room. */
export function Columns({ children, side, first = false }: Props) {
  return (
    <div className={classes(css.columns, first && css.first)}>
      {first && <div className={css.column}>{side}</div>}
      <div className={css.column}>{children}</div>
      {!first && <div className={css.column}>{side}</div>}
    </div>
  );
}
