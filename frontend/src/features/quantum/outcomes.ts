/** The counts of a run, sorted and shortened for display. */

export type Order = "count" | "value";

export interface Outcome {
  bits: string;
  count: number;
  /** Share of all shots, from 0 to 1. */
  share: number;
}

export interface Histogram {
  shown: readonly Outcome[];
  /** Number of outcomes not shown, and their shots. */
  rest: { outcomes: number; count: number };
}

/** Return the `most` most frequent outcomes in the given order, and the rest combined. */
export function histogram(counts: Readonly<Record<string, number>>, shots: number, order: Order, most: number): Histogram {
  const all = Object.entries(counts).map(([bits, count]) => ({ bits, count, share: shots ? count / shots : 0 }));
  all.sort((a, b) => b.count - a.count || compare(a.bits, b.bits));
  const shown = all.slice(0, most);
  const rest = all.slice(most);
  if (order === "value") shown.sort((a, b) => compare(a.bits, b.bits));
  return { shown, rest: { outcomes: rest.length, count: rest.reduce((sum, outcome) => sum + outcome.count, 0) } };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
