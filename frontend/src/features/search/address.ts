/** A search as the page's address: it can be kept, sent, and gone back to. */

import type { Asked } from "./api/search";
import { MOST_FILTERS } from "./filters";

export const LIMITS = [10, 20, 50, 100] as const;

export function askedOf(params: URLSearchParams): Asked {
  const limit = Number(params.get("limit"));
  return {
    q: params.get("q")?.trim() ?? "",
    filters: params
      .getAll("filter")
      .filter((one) => one.trim())
      .slice(0, MOST_FILTERS),
    limit: LIMITS.find((one) => one === limit) ?? LIMITS[0],
  };
}

export function paramsOf({ q, filters, limit }: Asked): URLSearchParams {
  const params = new URLSearchParams();
  if (q) params.set("q", q);
  for (const one of filters) params.append("filter", one);
  if (limit !== LIMITS[0]) params.set("limit", String(limit));
  return params;
}
