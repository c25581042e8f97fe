import { useTranslation } from "react-i18next";
import { Table, type Column } from "@/components/Table";
import { useFormat } from "@/lib/format";
import type { BenchDocument, Figures, StageFigures } from "../document";
import css from "./StageTable.module.css";

const FIGURES = ["p50", "p95", "p99", "min", "max", "mean", "sd"] as const;

/** Every figure of every stage, and of the whole. */
export function StageTable({ document }: { document: BenchDocument }) {
  const { t } = useTranslation("bench");
  const { ms } = useFormat();
  const figure = (value: number | null) => (value === null ? "–" : ms(value));
  const columns: Column<StageFigures>[] = [
    { key: "name", head: t("stages.name"), cell: (one) => one.name },
    ...FIGURES.map((key: keyof Figures) => ({
      key,
      head: key === "mean" || key === "sd" || key === "min" || key === "max" ? t(`stages.${key}Short`) : key,
      numeric: true,
      cell: (one: StageFigures) => figure(one[key]),
    })),
    { key: "total", head: t("stages.total"), numeric: true, cell: (one) => figure(one.total) },
    { key: "note", head: t("stages.note"), cell: (one) => <span className={css.note}>{one.note}</span> },
  ];
  const rows = [
    ...document.stages,
    { name: t("stages.whole"), note: "", ...document.total },
    ...document.figures.map((one) => ({ note: t("stages.together"), ...one })),
  ];
  return <Table caption={t("stages.title")} columns={columns} rows={rows} rowKey={(one) => one.name} />;
}
