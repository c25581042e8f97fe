import { useTranslation } from "react-i18next";
import { classes } from "./classes";
import { dismiss, useToasts } from "./toasts";
import css from "./Toasts.module.css";

export function Toasts() {
  const { t } = useTranslation();
  return (
    <div className={css.toasts} role="status" aria-live="polite">
      {useToasts().map(({ id, text, tone }) => (
        <div key={id} className={classes(css.toast, css[tone])}>
          <span>{text}</span>
          <button type="button" aria-label={t("action.dismiss")} onClick={() => dismiss(id)}>
            ×
          </button>
        </div>
      ))}
    </div>
  );
}
