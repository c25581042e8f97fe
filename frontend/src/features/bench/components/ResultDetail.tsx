import { useTranslation } from "react-i18next";
import { AnsweredBy } from "@/components/AnsweredBy";
import { Awaited } from "@/components/Awaited";
import { Badge } from "@/components/Badge";
import { BarChart } from "@/components/BarChart";
import { Card } from "@/components/Card";
import { Facts } from "@/components/Facts";
import { StageBar } from "@/components/StageBar";
import { useFormat } from "@/lib/format";
import { useResult, type Read } from "../api/result";
import { textOf } from "../compare";
import { hasStages, type BenchDocument } from "../document";
import { OtherFigures } from "./OtherFigures";
import { Noise } from "./Noise";
import css from "./ResultDetail.module.css";
import { StageTable } from "./StageTable";

/** One result: throughput, time per stage, distribution of the samples, environment. */
export function ResultDetail({ name }: { name: string }) {
  const read = useResult(name);
  if (read.isError || !read.data) return <Awaited title={name} read={read} lines={6} />;
  return <Result read={read.data} />;
}

function Result({ read: { document, by } }: { read: Read }) {
  const { t } = useTranslation("bench");
  const { ms, number, when } = useFormat();
  const { total, rates, histogram } = document;
  return (
    <>
      <Card
        title={document.name}
        aside={
          <>
            {document.interrupted && <Badge tone="warn">{t("interrupted")}</Badge>}
            <Noise noise={document.noise} />
            <AnsweredBy by={by} />
          </>
        }
      >
        <Facts
          facts={[
            { label: t("list.case"), value: document.case || null },
            ...(["p50", "p95", "p99"] as const).map((name) => ({ label: name, value: total[name] === null ? null : ms(total[name]) })),
            ...rates.map(({ name, value }) => ({ label: t("rate"), value: `${number(value)} ${name}/s` })),
            { label: t("list.device"), value: document.device || null },
            { label: t("repeats"), value: document.repeats === null ? null : number(document.repeats) },
            { label: t("list.made"), value: document.measuredAt ? when(document.measuredAt) : null },
          ]}
        />
        {document.requirements.length > 0 && (
          <ul className={css.requirements} aria-label={t("requirements")}>
            {document.requirements.map((requirement) => (
              <li key={requirement.text}>
                <Badge tone={requirement.ok ? "good" : "bad"}>{requirement.ok ? t("holds") : t("broken")}</Badge> <code>{requirement.text}</code>
                {requirement.actual !== null && <span>{t("found", { value: number(requirement.actual, 3) })}</span>}
              </li>
            ))}
          </ul>
        )}
        <Settings document={document} />
      </Card>
      {hasStages(document) && (
        <Card title={t("stages.title")} aside={<SumCheck document={document} />}>
          <Stages document={document} />
          <StageTable document={document} />
        </Card>
      )}
      {histogram.length > 0 && (
        <Card title={t("histogram.title")} aside={t("histogram.samples", { count: histogram.reduce((sum, bucket) => sum + bucket[2], 0) })}>
          <BarChart
            label={t("histogram.title")}
            bars={histogram.map(([from, to, count]) => ({
              key: `${from}-${to}`,
              label: `${number(from, digits(to))} – ${number(to, digits(to))} ms`,
              value: count,
              text: number(count),
            }))}
          />
        </Card>
      )}
      <OtherFigures title={t("more")} members={document.more} />
      <OtherFigures title={t("environment")} members={document.environment} />
    </>
  );
}

/** Return the number of useful digits after the point. */
function digits(ms: number): number {
  return ms >= 100 ? 0 : ms >= 10 ? 1 : 2;
}

/** Show stages as parts of one bar if they add up, otherwise side by side. */
function Stages({ document: { stages, sumCheck } }: { document: BenchDocument }) {
  const { t } = useTranslation("bench");
  const { ms } = useFormat();
  if (sumCheck.wall !== null)
    return <StageBar label={t("stages.mean")} stages={stages.flatMap(({ name, mean }) => (mean === null ? [] : [{ name, ms: mean }]))} />;
  return (
    <BarChart
      label={t("stages.median")}
      bars={stages.flatMap(({ name, p50 }) => (p50 === null ? [] : [{ key: name, label: name, value: p50, text: ms(p50) }]))}
    />
  );
}

function Settings({ document }: { document: BenchDocument }) {
  const { t } = useTranslation("bench");
  const settings = Object.entries(document.settings);
  if (!settings.length) return null;
  return (
    <ul className={css.settings} aria-label={t("settings")}>
      {settings.map(([name, value]) => (
        <li key={name}>
          <code>
            {name}={textOf(value) || "–"}
          </code>
        </li>
      ))}
    </ul>
  );
}

function SumCheck({ document: { sumCheck } }: { document: BenchDocument }) {
  const { t } = useTranslation("bench");
  const { percent } = useFormat();
  if (sumCheck.difference === null) return sumCheck.wall === null ? null : <Badge>{t("sum.unknown")}</Badge>;
  return (
    <Badge tone={sumCheck.ok === false ? "warn" : "good"} title={t("sum.description", { limit: percent((sumCheck.limit ?? 0) * 100) })}>
      {t("sum.rest", { share: percent(sumCheck.difference * 100, 1) })}
    </Badge>
  );
}
