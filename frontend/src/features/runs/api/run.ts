import { useQuery, type UseQueryResult } from "@tanstack/react-query";
import { api, unwrapWith, type Schemas } from "@/lib/api/client";
import type { Answered } from "@/lib/cluster";
import { isMoving } from "../states";

export interface Read {
  run: Schemas["RunDetail"];
  by: Answered | null;
  /** Unix seconds at which it was read. */
  at: number;
}

/** Read one run; again and again while something happens in it. */
export function useRun(id: string): UseQueryResult<Read> {
  return useQuery<Read>({
    queryKey: ["run", id],
    refetchInterval: (query) => (query.state.data && isMoving(query.state.data.run.state) ? 2000 : false),
    queryFn: async ({ signal }) => {
      const { data, by } = await unwrapWith(api.GET("/runs/{run}", { params: { path: { run: id }, query: { limit: 1000 } }, signal }));
      return { run: data, by, at: Date.now() / 1000 };
    },
  });
}
