/** What the headers of an answer to /embed tell. */

export interface CacheUse {
  hits: number;
  misses: number;
  /** Texts that stood in the request more than once. */
  duplicates: number;
  /** up, full, down, off */
  state: string;
}

/** Read "hits=2, misses=1, rate=0.67"; null where it was not told. */
export function parseCache(header: string | null): CacheUse | null {
  if (!header) return null;
  const fields = new Map(header.split(",").map((field) => field.trim().split("=", 2) as [string, string]));
  const count = (name: string) => Number(fields.get(name) ?? 0) || 0;
  return { hits: count("hits"), misses: count("misses"), duplicates: count("duplicates"), state: fields.get("state") ?? "up" };
}

/** Return the texts of a field, one for each line that is not empty. */
export function linesOf(text: string): string[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean);
}
