/** A result of `omnimind bench` as it was saved → what the page shows. A case may leave out anything, and say more than is known here. */

export type Value = unknown;

/** Milliseconds; null where it was not told or not measured. */
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

/** From (included), to, and how many. */
export type Bucket = readonly [from: number, to: number, count: number];

export interface Requirement {
  text: string;
  found: number | null;
  ok: boolean;
}

export interface BenchDocument {
  name: string;
  case: string;
  made: string;
  device: string;
  settings: Readonly<Record<string, Value>>;
  environment: Readonly<Record<string, Value>>;
  stages: readonly StageFigures[];
  total: Figures;
  /** Members of the first level that end in _per_s. */
  rates: readonly { name: string; value: number }[];
  histogram: readonly Bucket[];
  repeats: number | null;
  noise: { verdict: string; cv: number | null };
  /** `difference` is the share of the wall time in no stage; `ok` null where there is nothing to check. */
  sumCheck: { wall: number | null; sum: number | null; difference: number | null; limit: number | null; ok: boolean | null };
  interrupted: boolean;
  requirements: readonly Requirement[];
  /** Further figures of the first level: of whole repeats, of stages together. */
  figures: readonly (Figures & { name: string })[];
  /** What only this case has. */
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

export function readDocument(said: Readonly<Record<string, Value>>, name: string): BenchDocument {
  const noise = record(said.noise);
  const check = record(said.sum_check);
  const isFigures = (value: Value) => "p50_ms" in record(value);
  const isRate = ([key, value]: [string, Value]) => key.endsWith(RATE) && (value === null || typeof value === "number");
  const members = Object.entries(said);
  return {
    name: text(said.name) || name,
    case: text(said.case),
    made: text(said.made),
    device: text(said.device),
    settings: record(said.settings),
    environment: record(said.environment),
    stages: list(said.stages)
      .map(record)
      .filter((one) => text(one.name))
      .map((one) => ({ name: text(one.name), note: text(one.note), ...figures(one) })),
    total: figures(record(said.total)),
    rates: members.filter(isRate).flatMap(([key, value]) => (typeof value === "number" ? [{ name: key.slice(0, -RATE.length), value }] : [])),
    histogram: list(said.histogram).flatMap(bucket),
    repeats: number(said.repeats),
    noise: { verdict: text(noise.verdict), cv: number(noise.cv) },
    sumCheck: {
      wall: number(check.wall_ms),
      sum: number(check.sum_ms),
      difference: number(check.difference),
      limit: number(check.limit),
      ok: typeof check.ok === "boolean" ? check.ok : null,
    },
    interrupted: said.interrupted === true,
    requirements: list(said.requirements)
      .map(record)
      .map((one) => ({ text: text(one.text), found: number(one.found), ok: one.ok === true })),
    figures: members
      .filter(([key, value]) => !KNOWN.includes(key) && isFigures(value) && !isNothing(value))
      .map(([key, value]) => ({ name: key.replace(/_ms$/, ""), ...figures(record(value)) })),
    more: Object.fromEntries(members.filter((one) => !KNOWN.includes(one[0]) && !isRate(one) && !isFigures(one[1]) && !isNothing(one[1]))),
  };
}

/** Tell whether stages were measured at all. */
export function hasStages({ stages }: BenchDocument): boolean {
  return stages.some((one) => one.p50 !== null);
}

function figures(said: Readonly<Record<string, Value>>): Figures {
  const of = (name: string) => number(said[`${name}_ms`]);
  return { p50: of("p50"), p95: of("p95"), p99: of("p99"), min: of("min"), max: of("max"), mean: of("mean"), sd: of("sd"), total: of("total") };
}

function bucket(said: Value): Bucket[] {
  const [from, to, count] = list(said).map(number);
  return from != null && to != null && count != null ? [[from, to, count]] : [];
}

/** Figures of which none was told are nothing, too. */
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
