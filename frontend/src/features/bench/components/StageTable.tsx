import { useTranslation } from "react-i18next";
import { Table, type Column } from "@/components/Table";
import { useFormat } from "@/lib/format";
import type { BenchDocument, Figures, StageFigures } from "../document";
import css from "./StageTable.module.css";

const FIGURES = ["p50", "p95", "p99", "min", "max", "mean", "sd"] as const;

/** The figures of every stage and of the total. */
export function StageTable({ document }: { document: BenchDocument }) {
  const { t } = useTranslation("bench");
  const { ms } = useFormat();
  const figure = (value: number | null) => (value === null ? "–" : ms(value));
  const columns: Column<StageFigures>[] = [
    { key: "name", head: t("stages.name"), cell: (row) => row.name },
    ...FIGURES.map((key: keyof Figures) => ({
      key,
      head: key === "mean" || key === "sd" || key === "min" || key === "max" ? t(`stages.${key}Short`) : key,
      numeric: true,
      cell: (row: StageFigures) => figure(row[key]),
    })),
    { key: "total", head: t("stages.total"), numeric: true, cell: (row) => figure(row.total) },
    { key: "note", head: t("stages.note"), cell: (row) => <span className={css.note}>{row.note}</span> },
  ];
  const rows = [
    ...document.stages,
    { name: t("stages.whole"), note: "", ...document.total },
    ...document.figures.map((figures) => ({ note: t("stages.together"), ...figures })),
  ];
  return <Table caption={t("stages.title")} columns={columns} rows={rows} rowKey={(row) => row.name} />;
}
