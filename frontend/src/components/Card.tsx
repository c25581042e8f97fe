import { useId, type ReactNode } from "react";
import css from "./Card.module.css";
import { classes } from "./classes";

interface Props {
  title?: ReactNode;
  /** Shown to the right of the title: a badge, a button. */
  aside?: ReactNode;
  children: ReactNode;
  className?: string;
}

/** A section of a page with its own heading. */
export function Card({ title, aside, children, className }: Props) {
  const id = useId();
  return (
    <section className={classes(css.card, className)} aria-labelledby={title ? id : undefined}>
      {(title || aside) && (
        <header className={css.head}>
          {title && <h2 id={id}>{title}</h2>}
          {aside && <div className={css.aside}>{aside}</div>}
        </header>
      )}
      {children}
    </section>
  );
}
