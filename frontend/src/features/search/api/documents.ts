import { keepPreviousData, useQuery, type UseQueryResult } from "@tanstack/react-query";
import { api, unwrapWith, type Schemas } from "@/lib/api/client";
import type { Answered } from "@/lib/cluster";

export interface Listed {
  page: Schemas["DocumentPage"];
  by: Answered | null;
}

/** List documents, newest first. */
export function useDocuments(offset: number, limit: number): UseQueryResult<Listed> {
  return useQuery({
    queryKey: ["documents", offset, limit],
    placeholderData: keepPreviousData,
    queryFn: async ({ signal }) => {
      const { data, by } = await unwrapWith(api.GET("/documents", { params: { query: { offset, limit } }, signal }));
      return { page: data, by };
    },
  });
}
