import { useTranslation } from "react-i18next";
import { Link, useLocation } from "react-router";
import { EmptyState } from "@/components/EmptyState";
import { Page } from "@/components/Page";

export function NotFound() {
  const { t } = useTranslation();
  const { pathname } = useLocation();
  return (
    <Page title={t("notFound.title")}>
      <EmptyState title={t("notFound.description", { path: pathname })} action={<Link to="/">{t("notFound.home")}</Link>} />
    </Page>
  );
}
