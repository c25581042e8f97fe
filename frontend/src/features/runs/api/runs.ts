import { keepPreviousData, useQuery, type UseQueryResult } from "@tanstack/react-query";
import { api, unwrapWith, type Schemas } from "@/lib/api/client";
import type { Answered } from "@/lib/cluster";

export const PLANS = ["", "migrate", "recover"] as const;
export type Plan = (typeof PLANS)[number];

export interface Listed {
  runs: readonly Schemas["RunHead"][];
  by: Answered | null;
}

const SECONDS = 15;

/** List runs, newest first. The list is polled, because the guard may act at any time. */
export function useRuns(name: Plan): UseQueryResult<Listed> {
  return useQuery({
    queryKey: ["runs", name],
    placeholderData: keepPreviousData,
    refetchInterval: SECONDS * 1000,
    queryFn: async ({ signal }) => {
      const { data, by } = await unwrapWith(api.GET("/runs", { params: { query: { name, limit: 100 } }, signal }));
      return { runs: data.runs, by };
    },
  });
}
