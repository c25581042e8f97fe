import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { AnsweredBy } from "@/components/AnsweredBy";
import { Badge } from "@/components/Badge";
import { Card } from "@/components/Card";
import { Table, type Column } from "@/components/Table";
import type { Schemas } from "@/lib/api/client";
import { useFormat } from "@/lib/format";
import type { Saved } from "../api/results";
import { textOf } from "../compare";
import css from "./Results.module.css";

type Result = Schemas["BenchResult"];

interface Props {
  saved: Saved;
  open: readonly string[];
  onChoose: (names: readonly string[]) => void;
}

/** The saved results. A name opens a result; two selected ones are compared. */
export function Results({ saved, open, onChoose }: Props) {
  const { t } = useTranslation("bench");
  const { ms, number, when } = useFormat();
  // A third one takes the place of the one ticked before the last.
  const tick = (name: string) => onChoose(open.includes(name) ? open.filter((chosen) => chosen !== name) : [...open.slice(-1), name]);
  const columns: Column<Result>[] = [
    {
      key: "name",
      head: t("list.name"),
      cell: ({ name, problem, interrupted, made }) => (
        <span className={css.name}>
          {!problem && <input type="checkbox" aria-label={t("list.tick", { name })} checked={open.includes(name)} onChange={() => tick(name)} />}
          {problem ? name : <Link to={`?open=${encodeURIComponent(name)}`}>{name}</Link>}
          {interrupted && <Badge tone="warn">{t("interrupted")}</Badge>}
          {made && <span className={css.made}>{when(made)}</span>}
          {problem && <span className={css.problem}>{t("list.broken", { problem })}</span>}
        </span>
      ),
    },
    { key: "case", head: t("list.case"), cell: (result) => result.case ?? "" },
    { key: "target", head: t("list.target"), cell: (result) => textOf(result.settings?.target) },
    { key: "device", head: t("list.device"), cell: (result) => result.device ?? "" },
    { key: "p50", head: "p50", numeric: true, cell: (result) => figure(result.total?.p50_ms, ms) },
    { key: "p95", head: "p95", numeric: true, cell: (result) => figure(result.total?.p95_ms, ms) },
    { key: "rate", head: t("list.rate"), numeric: true, cell: (result) => rateOf(result, number) },
  ];
  return (
    <Card title={t("list.count", { count: saved.results.length })} aside={<AnsweredBy by={saved.by} />}>
      <Table caption={t("title")} columns={columns} rows={saved.results} rowKey={(result) => result.name} />
      <p className={css.hint} role="status">
        {open.length === 1 ? t("list.another") : open.length === 0 ? t("list.hint") : t("list.compared")}
      </p>
    </Card>
  );
}

function figure(value: unknown, ms: (value: number) => string): string {
  return typeof value === "number" ? ms(value) : "–";
}

/** Return the first member whose name ends in _per_s. */
function rateOf({ more }: Result, number: (value: number) => string): string {
  const [name = "", value] = Object.entries(more ?? {}).find(([key, rate]) => key.endsWith("_per_s") && typeof rate === "number") ?? [];
  return typeof value === "number" ? `${number(value)} ${name.replace("_per_s", "/s")}` : "–";
}
