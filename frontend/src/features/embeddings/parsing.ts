/** Parsers of the x-cache header and of the text field. */

export interface CacheUse {
  hits: number;
  misses: number;
  /** Texts that repeat another text of the request. */
  duplicates: number;
  /** up, full, down, off */
  state: string;
}

/** Parse "hits=2, misses=1, rate=0.67"; null without a header. */
export function parseCache(header: string | null): CacheUse | null {
  if (!header) return null;
  const fields = new Map(header.split(",").map((field) => field.trim().split("=", 2) as [string, string]));
  const count = (name: string) => Number(fields.get(name) ?? 0) || 0;
  return { hits: count("hits"), misses: count("misses"), duplicates: count("duplicates"), state: fields.get("state") ?? "up" };
}

/** Return the non-empty lines of a text. */
export function linesOf(text: string): string[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean);
}
