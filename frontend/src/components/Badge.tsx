import type { ReactNode } from "react";
import css from "./Badge.module.css";
import { classes } from "./classes";

export type Tone = "good" | "warn" | "bad" | "neutral" | "accent";

interface Props {
  tone?: Tone;
  /** A dot before the text, for states. */
  dot?: boolean;
  title?: string;
  children: ReactNode;
}

/** A state or a fact in a word or two. Colour only supports the text. */
export function Badge({ tone = "neutral", dot = false, title, children }: Props) {
  return (
    <span className={classes(css.badge, css[tone])} title={title}>
      {dot && <span className={css.dot} aria-hidden="true" />}
      {children}
    </span>
  );
}
