import { Card } from "@/components/Card";
import { Facts, type FactItem } from "@/components/Facts";
import { Table } from "@/components/Table";
import { useFormat } from "@/lib/format";
import { textOf } from "../compare";
import { record } from "../document";

type Members = Readonly<Record<string, unknown>>;

/** Members of a document that the page does not know: facts, tables of rows, or raw values. */
export function OtherFigures({ title, members }: { title: string; members: Members }) {
  const { bytes, number } = useFormat();
  const format = (name: string, value: unknown): string => {
    if (typeof value === "number") return name.endsWith("memory") || name.endsWith("bytes") ? bytes(value) : number(value, 3);
    if (Array.isArray(value)) return value.map((item) => format(name, item)).join(" · ");
    return textOf(value) || "–";
  };
  const facts: FactItem[] = [];
  const tables: { name: string; rows: readonly Members[] }[] = [];
  for (const [name, value] of Object.entries(members)) {
    const rows = rowsOf(value);
    if (rows.length) tables.push({ name, rows });
    else if (isRecord(value)) for (const [key, item] of Object.entries(value)) facts.push({ label: `${name}.${key}`, value: format(key, item) });
    else facts.push({ label: name, value: format(name, value) });
  }
  if (!facts.length && !tables.length) return null;
  return (
    <Card title={title}>
      {facts.length > 0 && <Facts facts={facts} />}
      {tables.map(({ name, rows }) => (
        <Table<Members>
          key={name}
          caption={name}
          columns={[...new Set(rows.flatMap(Object.keys))].map((key) => ({
            key,
            head: key,
            numeric: rows.some((row) => typeof row[key] === "number"),
            cell: (row) => format(key, row[key]),
          }))}
          rows={rows}
          rowKey={(row) => JSON.stringify(row)}
        />
      ))}
    </Card>
  );
}

/** Return the rows of a list of objects; empty for anything else. */
function rowsOf(value: unknown): readonly Members[] {
  const all: unknown[] = Array.isArray(value) ? value : [];
  return all.every(isRecord) ? all : [];
}

function isRecord(value: unknown): value is Members {
  return Object.keys(record(value)).length > 0;
}
