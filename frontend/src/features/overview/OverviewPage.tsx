import { useTranslation } from "react-i18next";
import { Page } from "@/components/Page";
import { useLive } from "@/lib/live";
import { Backends } from "./components/Backends";
import { EngineCard } from "./components/EngineCard";
import { Machine } from "./components/Machine";
import { Services } from "./components/Services";
import { Summary } from "./components/Summary";
import css from "./OverviewPage.module.css";

export function Component() {
  const { t } = useTranslation("overview");
  const live = useLive();
  return (
    <Page title={t("title")} lead={t("lead")}>
      <Summary live={live} />
      <div className={css.columns}>
        <Services live={live} />
        <Backends live={live} />
      </div>
      <Machine live={live} />
      <EngineCard live={live} />
    </Page>
  );
}
