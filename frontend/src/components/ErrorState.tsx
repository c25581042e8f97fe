import { useTranslation } from "react-i18next";
import { ApiError, ClusterDown, Unanswered } from "@/lib/problem";
import { Button } from "./Button";
import { classes } from "./classes";
import css from "./State.module.css";

interface Props {
  error: unknown;
  onRetry?: () => void;
}

/** What failed, why, and what to do next, in the backend's words if it gave any. */
export function ErrorState({ error, onRetry }: Props) {
  const { t } = useTranslation();
  return (
    <div className={classes(css.state, css.error)} role="alert">
      <Message error={error} />
      {onRetry && <Button onClick={onRetry}>{t("action.retry")}</Button>}
    </div>
  );
}

function Message({ error }: { error: unknown }) {
  const { t } = useTranslation();
  if (error instanceof ApiError) {
    const { title, detail, fix, errors } = error.problem;
    return (
      <>
        <p className={css.title}>{title}</p>
        {detail && <p className={css.text}>{detail}</p>}
        {errors && (
          <ul className={css.text}>
            {errors.map((fault) => (
              <li key={`${fault.pointer ?? fault.parameter}${fault.detail}`}>
                <code>{fault.pointer ?? fault.parameter}</code> {fault.detail}
              </li>
            ))}
          </ul>
        )}
        {fix && <p className={css.text}>{t("error.fix", { fix })}</p>}
      </>
    );
  }
  const known = error instanceof ClusterDown ? "down" : error instanceof Unanswered ? "unanswered" : "unknown";
  return (
    <>
      <p className={css.title}>{t(`error.${known}.title`)}</p>
      <p className={css.text}>{t(`error.${known}.description`)}</p>
      <p className={css.detail}>{error instanceof Error ? error.message : String(error)}</p>
    </>
  );
}
