import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { AnsweredBy } from "@/components/AnsweredBy";
import { Card } from "@/components/Card";
import { Tabs } from "@/components/Tabs";
import { useFormat } from "@/lib/format";
import { PLANS, type Listed, type Plan } from "../api/runs";
import css from "./RunList.module.css";
import { RunBadge } from "./StateBadge";

interface Props {
  listed: Listed;
  plan: Plan;
  onPlan: (plan: Plan) => void;
  open: string;
}

/** The runs of this machine, newest first. */
export function RunList({ listed: { runs, by }, plan, onPlan, open }: Props) {
  const { t } = useTranslation("runs");
  const { when } = useFormat();
  const lasted = useLasted();
  return (
    <Card title={t("list.count", { count: runs.length })} aside={<AnsweredBy by={by} />}>
      <Tabs label={t("list.which")} tabs={PLANS.map((key) => ({ key, label: t(`list.plan.${key || "all"}`) }))} open={plan} onOpen={onPlan}>
        {runs.length === 0 && <p className={css.none}>{plan === "migrate" ? t("none.migrations") : t("none.recoveries")}</p>}
        <ul className={css.list}>
          {runs.map((run) => (
            <li key={run.id}>
              <Link to={`?run=${encodeURIComponent(run.id)}`} className={css.run} aria-current={run.id === open ? "true" : undefined}>
                <span className={css.head}>
                  <strong>{run.about || run.id}</strong>
                  <RunBadge state={run.state} />
                </span>
                <span className={css.about}>
                  <span>
                    {run.name === "recover" || run.name === "migrate" ? t(`plan.${run.name}`) : run.name} · {lasted(run.seconds)}
                  </span>
                  <span>{when(run.started)}</span>
                </span>
                {run.reason && <span className={css.reason}>{run.reason}</span>}
              </Link>
            </li>
          ))}
        </ul>
      </Tabs>
    </Card>
  );
}

/** Return the duration as text, or that the run is in progress. */
function useLasted(): (seconds: number | null) => string {
  const { t } = useTranslation("runs");
  const { lasted, ms } = useFormat();
  return (seconds) => (seconds === null ? t("list.open") : seconds < 60 ? ms(seconds * 1000) : lasted(seconds));
}
