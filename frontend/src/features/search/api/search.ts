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

/** The question is embedded first; a busy CPU takes its time. */
const SEARCH_MS = 20_000;

/** Search; nothing is asked while there is no question. The results before stay until the new ones are there. */
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
