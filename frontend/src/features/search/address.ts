/** A search in the page's address, so that it can be bookmarked, shared and reached with the back button. */

import type { SearchQuery } from "./api/search";
import { MOST_FILTERS } from "./filters";

export const LIMITS = [10, 20, 50, 100] as const;

export function queryOf(params: URLSearchParams): SearchQuery {
  const limit = Number(params.get("limit"));
  return {
    q: params.get("q")?.trim() ?? "",
    filters: params
      .getAll("filter")
      .filter((filter) => filter.trim())
      .slice(0, MOST_FILTERS),
    limit: LIMITS.find((choice) => choice === limit) ?? LIMITS[0],
  };
}

export function paramsOf({ q, filters, limit }: SearchQuery): URLSearchParams {
  const params = new URLSearchParams();
  if (q) params.set("q", q);
  for (const filter of filters) params.append("filter", filter);
  if (limit !== LIMITS[0]) params.set("limit", String(limit));
  return params;
}
