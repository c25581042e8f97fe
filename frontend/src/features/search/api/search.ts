import { keepPreviousData, useQuery, type UseQueryResult } from "@tanstack/react-query";
import { api, unwrapWith, within, type Schemas } from "@/lib/api/client";
import type { Answered } from "@/lib/cluster";

export interface SearchQuery {
  q: string;
  filters: readonly string[];
  limit: number;
}

export interface SearchResponse {
  answer: Schemas["SearchAnswer"];
  by: Answered | null;
  headers: Headers;
}

/** The query is embedded first, which takes longer on a busy CPU. */
const SEARCH_MS = 20_000;

/** Search; disabled without a query. Previous results stay until the new ones arrive. */
export function useSearch({ q, filters, limit }: SearchQuery): UseQueryResult<SearchResponse> {
  return useQuery({
    queryKey: ["search", q, filters, limit],
    enabled: q !== "",
    placeholderData: keepPreviousData,
    queryFn: async ({ signal }) => {
      const { data, ...response } = await unwrapWith(
        api.GET("/search", { params: { query: { q, filter: [...filters], limit } }, signal, fetch: within(SEARCH_MS) }),
      );
      return { answer: data, ...response };
    },
  });
}
