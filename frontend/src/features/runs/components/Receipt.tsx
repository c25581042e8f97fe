import { useTranslation } from "react-i18next";
import { Badge } from "@/components/Badge";
import { BarChart } from "@/components/BarChart";
import { Card } from "@/components/Card";
import { Facts } from "@/components/Facts";
import { Table, type Column } from "@/components/Table";
import type { Schemas } from "@/lib/api/client";
import { useFormat } from "@/lib/format";

interface Row {
  key: string;
  store: string;
  name: string;
  old: string;
  native: string;
}

/** The receipt of a migration: downtime by service, and the comparison of old and new data. */
export function Receipt({ receipt }: { receipt: Schemas["Receipt"] }) {
  const { t } = useTranslation("runs");
  const { number } = useFormat();
  const downtime = Object.entries(receipt.downtime_s).sort((a, b) => b[1] - a[1]);
  const rows = receipt.compared.flatMap(({ store, facts }): Row[] => facts.map((fact) => ({ key: `${store} ${fact.name}`, store, ...fact })));
  const columns: Column<Row>[] = [
    {
      key: "name",
      head: t("receipt.fact"),
      cell: (row) => (
        <>
          {row.store} · {row.name}
        </>
      ),
    },
    { key: "old", head: t("receipt.old"), numeric: true, cell: (row) => <Value value={row.old} /> },
    { key: "native", head: t("receipt.native"), numeric: true, cell: (row) => <Value value={row.native} /> },
    {
      key: "equal",
      head: t("receipt.same"),
      cell: (row) => <Badge tone={row.old === row.native ? "good" : "bad"}>{row.old === row.native ? t("receipt.equal") : t("receipt.unequal")}</Badge>,
    },
  ];
  return (
    <Card title={t("receipt.title")}>
      {downtime.length > 0 && (
        <>
          <h3>{t("receipt.downtime")}</h3>
          <BarChart
            label={t("receipt.downtime")}
            bars={downtime.map(([name, seconds]) => ({ key: name, label: name, value: seconds, text: `${number(seconds, 2)} s` }))}
          />
        </>
      )}
      {rows.length > 0 && (
        <>
          <h3>{t("receipt.compared")}</h3>
          <Table caption={t("receipt.compared")} columns={columns} rows={rows} rowKey={(row) => row.key} />
        </>
      )}
      {receipt.rollback && <Facts facts={[{ label: t("receipt.rollback"), value: <RollbackText text={receipt.rollback} /> }]} />}
    </Card>
  );
}

const LONG = 14;

/** Shorten a digest to its beginning. */
function Value({ value }: { value: string }) {
  return <code title={value}>{value.length > LONG ? `${value.slice(0, LONG - 2)}…` : value}</code>;
}

/** Show text between backticks as code. */
function RollbackText({ text }: { text: string }) {
  return text.split("`").map((part, index) => (index % 2 ? <code key={index}>{part}</code> : part));
}
