/** A saved result of `omnimind bench`, converted for the page. A case may omit members or add unknown ones. */

export type Value = unknown;

/** Milliseconds; null if not measured. */
export interface Figures {
  p50: number | null;
  p95: number | null;
  p99: number | null;
  min: number | null;
  max: number | null;
  mean: number | null;
  sd: number | null;
  total: number | null;
}

export interface StageFigures extends Figures {
  name: string;
  note: string;
}

/** From (inclusive), to, count. */
export type Bucket = readonly [from: number, to: number, count: number];

export interface Requirement {
  text: string;
  actual: number | null;
  ok: boolean;
}

export interface BenchDocument {
  name: string;
  case: string;
  measuredAt: string;
  device: string;
  settings: Readonly<Record<string, Value>>;
  environment: Readonly<Record<string, Value>>;
  stages: readonly StageFigures[];
  total: Figures;
  /** Top-level members whose names end in _per_s. */
  rates: readonly { name: string; value: number }[];
  histogram: readonly Bucket[];
  repeats: number | null;
  noise: { verdict: string; cv: number | null };
  /** `difference` is the share of the wall time outside all stages; `ok` is null if there is nothing to check. */
  sumCheck: { wall: number | null; sum: number | null; difference: number | null; limit: number | null; ok: boolean | null };
  interrupted: boolean;
  requirements: readonly Requirement[];
  /** Other top-level figures, such as of whole repeats or combined stages. */
  figures: readonly (Figures & { name: string })[];
  /** Members that only this case has. */
  more: Readonly<Record<string, Value>>;
}

const KNOWN = [
  "schema",
  "name",
  "case",
  "made",
  "device",
  "settings",
  "environment",
  "stages",
  "total",
  "histogram",
  "repeats",
  "noise",
  "sum_check",
  "interrupted",
  "requirements",
  "comparison",
];
const RATE = "_per_s";

export function readDocument(content: Readonly<Record<string, Value>>, name: string): BenchDocument {
  const noise = record(content.noise);
  const check = record(content.sum_check);
  const isFigures = (value: Value) => "p50_ms" in record(value);
  const isRate = ([key, value]: [string, Value]) => key.endsWith(RATE) && (value === null || typeof value === "number");
  const members = Object.entries(content);
  return {
    name: text(content.name) || name,
    case: text(content.case),
    measuredAt: text(content.made),
    device: text(content.device),
    settings: record(content.settings),
    environment: record(content.environment),
    stages: list(content.stages)
      .map(record)
      .filter((entry) => text(entry.name))
      .map((entry) => ({ name: text(entry.name), note: text(entry.note), ...figures(entry) })),
    total: figures(record(content.total)),
    rates: members.filter(isRate).flatMap(([key, value]) => (typeof value === "number" ? [{ name: key.slice(0, -RATE.length), value }] : [])),
    histogram: list(content.histogram).flatMap(bucket),
    repeats: number(content.repeats),
    noise: { verdict: text(noise.verdict), cv: number(noise.cv) },
    sumCheck: {
      wall: number(check.wall_ms),
      sum: number(check.sum_ms),
      difference: number(check.difference),
      limit: number(check.limit),
      ok: typeof check.ok === "boolean" ? check.ok : null,
    },
    interrupted: content.interrupted === true,
    requirements: list(content.requirements)
      .map(record)
      .map((entry) => ({ text: text(entry.text), actual: number(entry.found), ok: entry.ok === true })),
    figures: members
      .filter(([key, value]) => !KNOWN.includes(key) && isFigures(value) && !isNothing(value))
      .map(([key, value]) => ({ name: key.replace(/_ms$/, ""), ...figures(record(value)) })),
    more: Object.fromEntries(members.filter((member) => !KNOWN.includes(member[0]) && !isRate(member) && !isFigures(member[1]) && !isNothing(member[1]))),
  };
}

/** Return whether any stage was measured. */
export function hasStages({ stages }: BenchDocument): boolean {
  return stages.some((stage) => stage.p50 !== null);
}

function figures(content: Readonly<Record<string, Value>>): Figures {
  const of = (name: string) => number(content[`${name}_ms`]);
  return { p50: of("p50"), p95: of("p95"), p99: of("p99"), min: of("min"), max: of("max"), mean: of("mean"), sd: of("sd"), total: of("total") };
}

function bucket(entry: Value): Bucket[] {
  const [from, to, count] = list(entry).map(number);
  return from != null && to != null && count != null ? [[from, to, count]] : [];
}

/** Return null if all figures are missing. */
function isNothing(value: Value): boolean {
  if (value === null || value === undefined || value === "") return true;
  if (Array.isArray(value)) return value.length === 0;
  return typeof value === "object" && Object.values(value).every(isNothing);
}

export function record(value: Value): Readonly<Record<string, Value>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, Value>) : {};
}

function list(value: Value): readonly Value[] {
  return Array.isArray(value) ? value : [];
}

function text(value: Value): string {
  return typeof value === "string" ? value : "";
}

function number(value: Value): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}
