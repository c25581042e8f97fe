import { useQuery, type UseQueryResult } from "@tanstack/react-query";
import { api, unwrapWith, type Schemas } from "@/lib/api/client";
import type { Answered } from "@/lib/cluster";

export interface Saved {
  results: readonly Schemas["BenchResult"][];
  by: Answered | null;
}

/** List saved results, newest first. */
export function useResults(): UseQueryResult<Saved> {
  return useQuery({
    queryKey: ["bench"],
    queryFn: async ({ signal }) => {
      const { data, by } = await unwrapWith(api.GET("/bench", { signal }));
      return { results: data.results, by };
    },
  });
}
