/** Comparison of two results, as in `omnimind bench --baseline`: only for the same work on the same machine. */

import type { BenchDocument } from "./document";

/** Settings that may differ, because they are what is compared. */
const COMPARED = ["target", "device"];
/** Facts that identify the machine. */
const MACHINE = ["machine", "cpu", "cores", "memory", "gpu"];
/** Facts that may explain a difference. */
const REASONS = ["kernel", "driver", "omnimind", "governor"];
const LEAST_NOISE = 0.05;

/** A value that differs between the sides; "" if it was not reported. */
export interface Difference {
  of: "case" | "setting" | "machine";
  name: string;
  before: string;
  now: string;
}

/** `ratio` is how many times faster the second result is. */
export interface Row {
  name: string;
  before: number | null;
  now: number | null;
  ratio: number | null;
  verdict: Verdict;
}

export type Verdict = "faster" | "slower" | "same" | "unknown";

export interface Comparison {
  differences: readonly Difference[];
  notes: readonly Omit<Difference, "of">[];
  /** Relative difference below which a ratio is noise. */
  noise: number;
  total: Row;
  stages: readonly Row[];
}

export function compare(before: BenchDocument, now: BenchDocument): Comparison {
  const noise = Math.max(LEAST_NOISE, ...[before, now].map((document) => 2 * (document.noise.cv ?? 0)));
  const known = new Map(before.stages.map((stage) => [stage.name, stage]));
  const names = [...new Set([...now.stages, ...before.stages].map((stage) => stage.name))];
  const later = new Map(now.stages.map((stage) => [stage.name, stage]));
  const rows = names.map((name) => row(name, known.get(name)?.p50 ?? null, later.get(name)?.p50 ?? null, noise));
  return {
    differences: differences(before, now),
    notes: notes(before, now),
    noise,
    total: row("total", before.total.p50, now.total.p50, noise),
    stages: rows.filter((entry) => entry.before !== null || entry.now !== null),
  };
}

/** Return the two results, baseline first: the one measured with Docker, otherwise the older one. */
export function inOrder(left: BenchDocument, right: BenchDocument): [before: BenchDocument, now: BenchDocument] {
  const [isLeftDocker, isRightDocker] = [isDocker(left), isDocker(right)];
  if (isLeftDocker !== isRightDocker) return isLeftDocker ? [left, right] : [right, left];
  return left.measuredAt <= right.measuredAt ? [left, right] : [right, left];
}

/** Return the rows long enough to be visible in a chart, and the number of the others. */
export function drawable(rows: readonly Row[], least = 0.01): { rows: readonly Row[]; left: number } {
  const longest = ({ before, now }: Row) => Math.max(before ?? 0, now ?? 0);
  const most = Math.max(0, ...rows.map(longest));
  const shown = rows.filter((entry) => longest(entry) >= most * least);
  return { rows: shown, left: rows.length - shown.length };
}

function isDocker({ settings }: BenchDocument): boolean {
  return textOf(settings.target).includes("docker");
}

function row(name: string, before: number | null, now: number | null, noise: number): Row {
  if (!before || !now) return { name, before, now, ratio: null, verdict: "unknown" };
  const ratio = before / now;
  const isSame = ratio >= 1 / (1 + noise) && ratio <= 1 + noise;
  return { name, before, now, ratio, verdict: isSame ? "same" : ratio > 1 ? "faster" : "slower" };
}

function differences(before: BenchDocument, now: BenchDocument): Difference[] {
  const found: Difference[] = before.case === now.case ? [] : [{ of: "case", name: "case", before: before.case, now: now.case }];
  const settings = [...new Set([...Object.keys(before.settings), ...Object.keys(now.settings)])].filter((name) => !COMPARED.includes(name)).sort();
  found.push(...unequal("setting", settings, before.settings, now.settings));
  found.push(...unequal("machine", MACHINE, before.environment, now.environment));
  return found;
}

function notes(before: BenchDocument, now: BenchDocument): Omit<Difference, "of">[] {
  return [
    ...unequal("setting", ["device"], { device: before.device }, { device: now.device }),
    ...unequal("setting", ["target"], before.settings, now.settings),
    ...unequal("machine", REASONS, before.environment, now.environment),
  ].map(({ name, before: was, now: is }) => ({ name, before: was, now: is }));
}

function unequal(
  of: Difference["of"],
  names: readonly string[],
  before: Readonly<Record<string, unknown>>,
  now: Readonly<Record<string, unknown>>,
): Difference[] {
  return names.map((name) => ({ of, name, before: textOf(before[name]), now: textOf(now[name]) })).filter((difference) => difference.before !== difference.now);
}

export function textOf(value: unknown): string {
  if (value === null || value === undefined) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}
