import type { ReactNode } from "react";
import css from "./Banner.module.css";
import { classes } from "./classes";

interface Props {
  tone: "warn" | "bad";
  title: string;
  children?: ReactNode;
}

/** An important message over the full width of the page. */
export function Banner({ tone, title, children }: Props) {
  return (
    <div className={classes(css.banner, css[tone])} role="alert">
      <svg className={css.icon} viewBox="0 0 24 24" aria-hidden="true">
        <path d="M12 3 22 20.5H2L12 3Z" />
        <path d="M12 10v5M12 17.6v.4" />
      </svg>
      <div>
        <p className={css.title}>{title}</p>
        {children && <div>{children}</div>}
      </div>
    </div>
  );
}
