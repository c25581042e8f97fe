import type { ReactNode } from "react";
import css from "./State.module.css";

interface Props {
  title: string;
  /** What to do so that there is something. */
  children?: ReactNode;
  action?: ReactNode;
}

export function EmptyState({ title, children, action }: Props) {
  return (
    <div className={css.state}>
      <p className={css.title}>{title}</p>
      {children && <div className={css.text}>{children}</div>}
      {action}
    </div>
  );
}
