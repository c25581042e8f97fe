import type { ButtonHTMLAttributes } from "react";
import css from "./Button.module.css";
import { classes } from "./classes";

interface Props extends ButtonHTMLAttributes<HTMLButtonElement> {
  kind?: "primary" | "plain" | "quiet" | "danger";
  /** An action is running: the button is disabled, and screen readers are told. */
  busy?: boolean;
}

export function Button({ kind = "plain", busy = false, type = "button", className, disabled, ...rest }: Props) {
  return <button type={type} className={classes(css.button, css[kind], className)} disabled={disabled || busy} aria-busy={busy || undefined} {...rest} />;
}
