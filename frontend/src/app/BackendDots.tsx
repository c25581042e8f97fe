import { useTranslation } from "react-i18next";
import { classes } from "@/components/classes";
import { useCluster } from "@/lib/useCluster";
import css from "./BackendDots.module.css";

/** The backends with their circuit breakers, and the backend that answered last. */
export function BackendDots() {
  const { t } = useTranslation();
  const { backends, last } = useCluster();
  return (
    <div className={css.dots}>
      <ul>
        {backends.map(({ url, label, breaker }) => (
          <li key={url} className={classes(css[breaker], last?.backend === label && css.last)}>
            {label}
            <span className="visually-hidden"> {t(`breaker.${breaker}`)}</span>
          </li>
        ))}
      </ul>
      {last && <span className={css.text}>{t("answered.by", { backend: last.backend })}</span>}
    </div>
  );
}
