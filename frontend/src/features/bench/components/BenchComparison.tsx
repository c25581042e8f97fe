import { useState } from "react";
import { useTranslation } from "react-i18next";
import { AnsweredBy } from "@/components/AnsweredBy";
import { Badge, type Tone } from "@/components/Badge";
import { Banner } from "@/components/Banner";
import { Button } from "@/components/Button";
import { Card } from "@/components/Card";
import { ErrorState } from "@/components/ErrorState";
import { Facts } from "@/components/Facts";
import { GroupedBars } from "@/components/GroupedBars";
import { Loading } from "@/components/Loading";
import { Table, type Column } from "@/components/Table";
import { useFormat } from "@/lib/format";
import { useResult } from "../api/result";
import { compare, drawable, inOrder, textOf, type Comparison, type Row, type Verdict } from "../compare";
import type { BenchDocument } from "../document";
import css from "./BenchComparison.module.css";
import { Noise } from "./Noise";

const TONE: Record<Verdict, Tone> = { faster: "good", slower: "bad", same: "neutral", unknown: "neutral" };

/** Two results side by side, stage by stage. */
export function BenchComparison({ names: [first, second] }: { names: readonly [string, string] }) {
  const { t } = useTranslation("bench");
  const firstResult = useResult(first);
  const secondResult = useResult(second);
  const [isTurned, setTurned] = useState(false);
  const error = firstResult.error ?? secondResult.error;
  if (error) return <ErrorState error={error} onRetry={() => void Promise.all([firstResult.refetch(), secondResult.refetch()])} />;
  if (!firstResult.data || !secondResult.data) {
    return (
      <Card title={t("compare.title")}>
        <Loading lines={6} />
      </Card>
    );
  }
  const ordered = inOrder(firstResult.data.document, secondResult.data.document);
  const [before, now] = isTurned ? [ordered[1], ordered[0]] : ordered;
  return (
    <Card
      title={t("compare.of", { before: before.name, now: now.name })}
      aside={
        <>
          <AnsweredBy by={firstResult.data.by} />
          <Button onClick={() => setTurned(!isTurned)}>{t("compare.turn")}</Button>
        </>
      }
    >
      <Sides before={before} now={now} />
    </Card>
  );
}

function Sides({ before, now }: { before: BenchDocument; now: BenchDocument }) {
  const { t } = useTranslation("bench");
  const { ms, percent } = useFormat();
  const [isAnyway, setAnyway] = useState(false);
  const comparison = compare(before, now);
  const series = [nameOf(before), nameOf(now)];
  if (comparison.differences.length > 0 && !isAnyway) return <Incomparable comparison={comparison} onAnyway={() => setAnyway(true)} />;
  const drawn = drawable([comparison.total, ...comparison.stages]);
  const groups = drawn.rows.map((row) => ({
    key: row.name,
    label: row.name === "total" ? t("stages.whole") : row.name,
    values: [row.before, row.now].map((value) => (value === null ? null : { value, text: ms(value) })),
  }));
  return (
    <>
      {comparison.differences.length > 0 && <Incomparable comparison={comparison} />}
      <div className={css.verdict}>
        <Ratio row={comparison.total} />
        <span className={css.limit}>{t("compare.noise", { share: percent(comparison.noise * 100, 1) })}</span>
        {[before, now].map((document) => (
          <span key={document.name} className={css.side}>
            {nameOf(document)} <Noise noise={document.noise} />
            {document.interrupted && <Badge tone="warn">{t("interrupted")}</Badge>}
          </span>
        ))}
      </div>
      {comparison.notes.length > 0 && <Facts facts={comparison.notes.map((note) => ({ label: note.name, value: `${note.before || "–"} → ${note.now || "–"}` }))} />}
      <div className={css.charts}>
        <div className={css.chart}>
          <GroupedBars label={t("compare.chart")} series={series} groups={groups} missing={t("compare.missing")} />
          {drawn.left > 0 && <p className={css.limit}>{t("compare.short", { count: drawn.left })}</p>}
        </div>
        <Rows rows={[comparison.total, ...comparison.stages]} series={series} />
      </div>
    </>
  );
}

function Rows({ rows, series: [before = "", now = ""] }: { rows: readonly Row[]; series: readonly string[] }) {
  const { t } = useTranslation("bench");
  const { ms } = useFormat();
  const figure = (value: number | null) => (value === null ? "–" : ms(value));
  const columns: Column<Row>[] = [
    { key: "name", head: t("stages.name"), cell: (row) => (row.name === "total" ? t("stages.whole") : row.name) },
    { key: "before", head: before, numeric: true, cell: (row) => figure(row.before) },
    { key: "now", head: now, numeric: true, cell: (row) => figure(row.now) },
    { key: "ratio", head: t("compare.ratio"), numeric: true, cell: (row) => <Ratio row={row} /> },
  ];
  return <Table caption={t("compare.chart")} columns={columns} rows={rows} rowKey={(row) => row.name} />;
}

function Ratio({ row: { ratio, verdict } }: { row: Row }) {
  const { t } = useTranslation("bench");
  const { number } = useFormat();
  const factor = ratio === null ? "" : number(ratio < 1 ? 1 / ratio : ratio, 2);
  return <Badge tone={TONE[verdict]}>{t(`compare.verdict.${verdict}`, { factor })}</Badge>;
}

/** Why these two results cannot be compared. */
function Incomparable({ comparison, onAnyway }: { comparison: Comparison; onAnyway?: () => void }) {
  const { t } = useTranslation("bench");
  return (
    <Banner tone="warn" title={t("compare.not")}>
      <ul>
        {comparison.differences.map(({ of, name, before, now }) => (
          <li key={of + name}>
            {t(`compare.of_${of}`)} <code>{name}</code>: {before || t("compare.nothing")} → {now || t("compare.nothing")}
          </li>
        ))}
      </ul>
      {onAnyway && <Button onClick={onAnyway}>{t("compare.anyway")}</Button>}
    </Banner>
  );
}

/** Return the label of a side: its name, and its target unless the name contains it. */
function nameOf({ name, settings }: BenchDocument): string {
  const target = textOf(settings.target);
  return target && !name.includes(target) ? `${name} (${target})` : name;
}
