import { useTranslation } from "react-i18next";
import { useRouteError } from "react-router";
import { Button } from "@/components/Button";
import { ErrorState } from "@/components/ErrorState";
import { Page } from "@/components/Page";

/** Shown when a page throws. After an upgrade, old chunks are missing; reloading the page fetches the new ones. */
export function Crash() {
  const { t } = useTranslation();
  const error = useRouteError();
  return (
    <Page title={t("crash.title")} lead={t("crash.lead")} aside={<Button onClick={() => location.reload()}>{t("action.reload")}</Button>}>
      <ErrorState error={error} />
    </Page>
  );
}
