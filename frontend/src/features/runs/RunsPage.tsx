import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";
import { AnsweredBy } from "@/components/AnsweredBy";
import { Card } from "@/components/Card";
import { Columns } from "@/components/Columns";
import { EmptyState } from "@/components/EmptyState";
import { ErrorState } from "@/components/ErrorState";
import { Loading } from "@/components/Loading";
import { Page } from "@/components/Page";
import { useRuns, type Plan } from "./api/runs";
import { Detail } from "./components/Detail";
import { RunList } from "./components/RunList";

export function Component() {
  const { t } = useTranslation("runs");
  const [params] = useSearchParams();
  const [plan, setPlan] = useState<Plan>("");
  const runs = useRuns(plan);
  const open = params.get("run") ?? runs.data?.runs[0]?.id ?? "";
  const isEmpty = plan === "" && runs.data?.runs.length === 0 && !open;
  return (
    <Page title={t("title")} lead={t("lead")}>
      {runs.isError && !runs.data && <ErrorState error={runs.error} onRetry={() => void runs.refetch()} />}
      {runs.isPending && (
        <Card>
          <Loading lines={5} />
        </Card>
      )}
      {runs.data && isEmpty && (
        <EmptyState title={t("none.title")} action={<AnsweredBy by={runs.data.by} />}>
          {t("none.description")} {t("none.migrations")}
        </EmptyState>
      )}
      {runs.data && !isEmpty && (
        <Columns first side={<RunList listed={runs.data} plan={plan} onPlan={setPlan} open={open} />}>
          {open && <Detail key={open} id={open} />}
        </Columns>
      )}
    </Page>
  );
}
