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
  const said = new Map(header.split(",").map((one) => one.trim().split("=", 2) as [string, string]));
  const count = (name: string) => Number(said.get(name) ?? 0) || 0;
  return { hits: count("hits"), misses: count("misses"), duplicates: count("duplicates"), state: said.get("state") ?? "up" };
}

/** Return the texts of a field, one for each line that is not empty. */
export function linesOf(words: string): string[] {
  return words
    .split("\n")
    .map((one) => one.trim())
    .filter(Boolean);
}
