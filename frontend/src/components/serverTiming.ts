/** The header Server-Timing (W3C): where a backend's time went. */

export interface Stage {
  name: string;
  ms: number;
}

export interface ServerTiming {
  /** In the order told, without `total`. */
  stages: readonly Stage[];
  /** Milliseconds of the whole: as told, else the sum; null where nothing was told. */
  total: number | null;
}

/** The stage that folded() puts the small ones into. */
export const OTHER = "…";

/** Read the header; entries without a duration are left out. */
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

/** Return at most `most` stages that are worth a colour, in their order, and the others together as OTHER. The sum stays the same. */
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

/** Split at a character, but not within quotes. */
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
