import type { ButtonHTMLAttributes } from "react";
import css from "./Button.module.css";
import { classes } from "./classes";

interface Props extends ButtonHTMLAttributes<HTMLButtonElement> {
  kind?: "primary" | "plain" | "quiet" | "danger";
  /** Something is under way: it cannot be pressed again, and says so to those who cannot see. */
  busy?: boolean;
}

export function Button({ kind = "plain", busy = false, type = "button", className, disabled, ...rest }: Props) {
  return <button type={type} className={classes(css.button, css[kind], className)} disabled={disabled || busy} aria-busy={busy || undefined} {...rest} />;
}
