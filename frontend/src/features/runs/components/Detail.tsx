import { useTranslation } from "react-i18next";
import { AnsweredBy } from "@/components/AnsweredBy";
import { Awaited } from "@/components/Awaited";
import { Banner } from "@/components/Banner";
import { Card } from "@/components/Card";
import { Facts } from "@/components/Facts";
import { useFormat } from "@/lib/format";
import { useRun } from "../api/run";
import { Events } from "./Events";
import { Receipt } from "./Receipt";
import { RunBadge } from "./StateBadge";
import { Steps } from "./Steps";

/** One run: its type, its steps, a migration's receipt, and its events. */
export function Detail({ id }: { id: string }) {
  const { t } = useTranslation("runs");
  const { lasted, ms, when } = useFormat();
  const read = useRun(id);
  if (!read.data) return <Awaited title={id} read={read} lines={8} />;
  const { run, by, at } = read.data;
  return (
    <>
      {run.state === "unconfirmed" && (
        <Banner tone="warn" title={t("unconfirmed.title")}>
          {t("unconfirmed.description")} <code>sudo omnimind confirm</code>
        </Banner>
      )}
      {run.state === "failed" && run.name === "migrate" && (
        <Banner tone="bad" title={t("failed.title")}>
          {t("failed.description")} <code>sudo omnimind rollback</code>
        </Banner>
      )}
      <Card
        title={run.about || run.id}
        aside={
          <>
            <RunBadge state={run.state} />
            <AnsweredBy by={by} />
          </>
        }
      >
        <Facts
          facts={[
            { label: t("detail.what"), value: run.name === "recover" || run.name === "migrate" ? t(`plan.${run.name}`) : run.name },
            { label: t("detail.started"), value: when(run.started) },
            { label: t("detail.ended"), value: run.ended ? when(run.ended) : null },
            { label: t("detail.lasted"), value: run.seconds === null ? null : run.seconds < 60 ? ms(run.seconds * 1000) : lasted(run.seconds) },
            { label: t("detail.reason"), value: run.reason || null },
            { label: t("detail.id"), value: <code>{run.id}</code> },
          ]}
        />
      </Card>
      <Card title={t("steps.title")} aside={t("steps.done", { done: run.counts.done ?? 0, all: run.steps.length })}>
        <Steps steps={run.steps} now={at} />
      </Card>
      {run.receipt && <Receipt receipt={run.receipt} />}
      <Events events={run.events} before={run.events_before} />
    </>
  );
}
