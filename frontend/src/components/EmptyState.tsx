import type { ReactNode } from "react";
import css from "./State.module.css";

interface Props {
  title: string;
  /** An action that creates the first item. */
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
