import { useTranslation } from "react-i18next";
import { ApiError, ClusterDown, Unanswered } from "@/lib/problem";
import { Button } from "./Button";
import { classes } from "./classes";
import css from "./State.module.css";

interface Props {
  error: unknown;
  onRetry?: () => void;
}

/** What failed, why, and what to do next: the backend's own words where it gave some. */
export function ErrorState({ error, onRetry }: Props) {
  const { t } = useTranslation();
  return (
    <div className={classes(css.state, css.error)} role="alert">
      <Words error={error} />
      {onRetry && <Button onClick={onRetry}>{t("action.retry")}</Button>}
    </div>
  );
}

function Words({ error }: { error: unknown }) {
  const { t } = useTranslation();
  if (error instanceof ApiError) {
    const { title, detail, fix, errors } = error.problem;
    return (
      <>
        <p className={css.title}>{title}</p>
        {detail && <p className={css.words}>{detail}</p>}
        {errors && (
          <ul className={css.words}>
            {errors.map((one) => (
              <li key={`${one.pointer ?? one.parameter}${one.detail}`}>
                <code>{one.pointer ?? one.parameter}</code> {one.detail}
              </li>
            ))}
          </ul>
        )}
        {fix && <p className={css.words}>{t("error.fix", { fix })}</p>}
      </>
    );
  }
  const known = error instanceof ClusterDown ? "down" : error instanceof Unanswered ? "unanswered" : "unknown";
  return (
    <>
      <p className={css.title}>{t(`error.${known}.title`)}</p>
      <p className={css.words}>{t(`error.${known}.words`)}</p>
      <p className={css.detail}>{error instanceof Error ? error.message : String(error)}</p>
    </>
  );
}
