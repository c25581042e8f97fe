/** The Server-Timing header (W3C): time per stage of a request. */

export interface Stage {
  name: string;
  ms: number;
}

export interface ServerTiming {
  /** In the order of the header, without `total`. */
  stages: readonly Stage[];
  /** Total in milliseconds: as reported, otherwise the sum; null if nothing was reported. */
  total: number | null;
}

/** Name of the stage that combines the small ones. */
export const OTHER = "…";

/** Parse the header; entries without a duration are skipped. */
export function parseServerTiming(header: string | null): ServerTiming {
  const all: Stage[] = [];
  for (const entry of split(header ?? "", ",")) {
    const [name = "", ...parameters] = split(entry, ";").map((part) => part.trim());
    const duration = parameters.map(durationOf).find((value) => value !== null);
    if (name && duration != null) all.push({ name, ms: duration });
  }
  const stages = all.filter((stage) => stage.name !== "total");
  const reported = all.find((stage) => stage.name === "total")?.ms;
  return { stages, total: reported ?? (stages.length ? sum(stages) : null) };
}

/** Return at most `most` stages in their order, the smallest combined as OTHER. The sum stays the same. */
export function folded(stages: readonly Stage[], most = 6): readonly Stage[] {
  if (stages.length <= most) return stages;
  const longest = new Set([...stages].sort((a, b) => b.ms - a.ms).slice(0, most - 1));
  const rest = stages.filter((stage) => !longest.has(stage));
  return [...stages.filter((stage) => longest.has(stage)), { name: OTHER, ms: sum(rest) }];
}

function durationOf(parameter: string): number | null {
  const match = /^dur\s*=\s*"?([0-9.]+)"?$/i.exec(parameter);
  const ms = Number(match?.[1] ?? NaN);
  return Number.isFinite(ms) ? ms : null;
}

function sum(stages: readonly Stage[]): number {
  return stages.reduce((total, stage) => total + stage.ms, 0);
}

/** Split at a character, except within quotes. */
function split(text: string, at: string): string[] {
  const parts: string[] = [];
  let part = "";
  let isQuoted = false;
  for (const letter of text) {
    if (letter === '"') isQuoted = !isQuoted;
    if (letter === at && !isQuoted) {
      parts.push(part);
      part = "";
    } else part += letter;
  }
  return [...parts, part];
}
