import { useTranslation } from "react-i18next";
import css from "./Loading.module.css";

/** A placeholder of `lines` grey lines. */
export function Loading({ lines = 3 }: { lines?: number }) {
  const { t } = useTranslation();
  return (
    <div className={css.loading} role="status">
      <span className="visually-hidden">{t("state.loading")}</span>
      {Array.from({ length: lines }, (_, index) => (
        <span key={index} className={css.line} aria-hidden="true" />
      ))}
    </div>
  );
}
