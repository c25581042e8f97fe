/** Counts of a run, in an order and a number that can be looked at. */

export type Order = "count" | "value";

export interface Outcome {
  bits: string;
  count: number;
  /** Of all shots, 0 to 1. */
  share: number;
}

export interface Histogram {
  shown: readonly Outcome[];
  /** How many more outcomes there are, and of how many shots. */
  rest: { outcomes: number; count: number };
}

/** Return the `most` most frequent outcomes, in an order; the others together. */
export function histogram(counts: Readonly<Record<string, number>>, shots: number, order: Order, most: number): Histogram {
  const all = Object.entries(counts).map(([bits, count]) => ({ bits, count, share: shots ? count / shots : 0 }));
  all.sort((one, other) => other.count - one.count || compare(one.bits, other.bits));
  const shown = all.slice(0, most);
  const rest = all.slice(most);
  if (order === "value") shown.sort((one, other) => compare(one.bits, other.bits));
  return { shown, rest: { outcomes: rest.length, count: rest.reduce((sum, one) => sum + one.count, 0) } };
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
