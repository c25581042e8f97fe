import type { ReactNode } from "react";
import { classes } from "./classes";
import css from "./Columns.module.css";

interface Props {
  /** The main content, in the wider column. */
  children: ReactNode;
  side: ReactNode;
  /** Put the side column first: a list to choose from. */
  first?: boolean;
}

/** Two columns, stacked on narrow screens. */
export function Columns({ children, side, first = false }: Props) {
  return (
    <div className={classes(css.columns, first && css.first)}>
      {first && <div className={css.column}>{side}</div>}
      <div className={css.column}>{children}</div>
      {!first && <div className={css.column}>{side}</div>}
    </div>
  );
}
