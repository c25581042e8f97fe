/** Filters of /search, either `key:value` or a JSON object in Qdrant's language, and their conversion to and from form fields. */

export type Comparison = "is" | "not" | "least" | "most";
export const COMPARISONS: readonly Comparison[] = ["is", "not", "least", "most"];

export interface Condition {
  key: string;
  comparison: Comparison;
  value: string;
}

/** Maximum number of filters that the backend accepts in one search. */
export const MOST_FILTERS = 20;

export type Fault = "noKey" | "noValue" | "noNumber" | "noColon" | "noJson" | "emptyJson";

const NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;
const BOUND = { least: "gte", most: "lte" } as const;

/** Return what is wrong with a condition; null if it is valid. */
export function faultOf({ key, comparison, value }: Condition): Fault | null {
  if (!key.trim()) return "noKey";
  if (!value.trim()) return "noValue";
  if (comparison !== "is" && comparison !== "not") return NUMBER.test(value.trim()) ? null : "noNumber";
  return null;
}

/** Return the filter for a valid condition. */
export function filterOf(condition: Condition): string {
  const key = condition.key.trim();
  const value = condition.value.trim();
  switch (condition.comparison) {
    case "is":
      // A key with a colon in it would be cut there.
      return /^\{|:/.test(key) ? JSON.stringify({ should: matches(key, value) }) : `${key}:${value}`;
    case "not":
      return JSON.stringify({ must_not: matches(key, value) });
    default:
      return JSON.stringify({ key, range: { [BOUND[condition.comparison]]: Number(value) } });
  }
}

/** Return the condition of a filter that the form could have created; otherwise null. */
export function conditionOf(filter: string): Condition | null {
  if (!filter.trimStart().startsWith("{")) {
    const colon = filter.indexOf(":");
    return colon > 0 ? { key: filter.slice(0, colon), comparison: "is", value: filter.slice(colon + 1) } : null;
  }
  const object = parseObject(filter);
  if (!object) return null;
  if (isRecord(object.range) && typeof object.key === "string") return rangeOf(object.key, object.range);
  for (const [comparison, name] of [
    ["not", "must_not"],
    ["is", "should"],
  ] as const) {
    const first: unknown = Array.isArray(object[name]) ? object[name][0] : undefined;
    if (Object.keys(object).length !== 1 || !isRecord(first) || typeof first.key !== "string" || !isRecord(first.match)) continue;
    const value = first.match.value;
    if (typeof value !== "string") continue;
    const condition: Condition = { key: first.key, comparison, value };
    if (filterOf(condition) === JSON.stringify(object)) return condition;
  }
  return null;
}

/** Return what is wrong with a filter written by hand; null if it can be sent. Only Qdrant checks the content of JSON filters. */
export function filterFault(filter: string): Fault | null {
  if (!filter.trimStart().startsWith("{")) return /^\s*[^\s:][^:]*:/.test(filter) ? null : "noColon";
  const condition = parseObject(filter);
  if (!condition) return "noJson";
  return Object.keys(condition).length ? null : "emptyJson";
}

/** A number or boolean matches both as such and as text, as the backend does for `key:value`; in quotes it matches only as text. */
function matches(key: string, value: string): object[] {
  if (/^".*"$/.test(value) && value.length >= 2) return [{ key, match: { value: value.slice(1, -1) } }];
  const same: object[] = [{ key, match: { value } }];
  if (value === "true" || value === "false") same.push({ key, match: { value: value === "true" } });
  else if (/^-?\d+$/.test(value) && Number.isSafeInteger(Number(value))) same.push({ key, match: { value: Number(value) } });
  else if (NUMBER.test(value)) same.push({ key, range: { gte: Number(value), lte: Number(value) } });
  return same;
}

function rangeOf(key: string, range: Record<string, unknown>): Condition | null {
  const [[bound, value] = ["", null], ...more] = Object.entries(range);
  if (more.length || typeof value !== "number") return null;
  if (bound === BOUND.least) return { key, comparison: "least", value: String(value) };
  return bound === BOUND.most ? { key, comparison: "most", value: String(value) } : null;
}

function parseObject(filter: string): Record<string, unknown> | null {
  try {
    const condition: unknown = JSON.parse(filter);
    return isRecord(condition) ? condition : null;
  } catch {
    return null;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
