import { useQuery, type UseQueryResult } from "@tanstack/react-query";
import { api, unwrapWith, type Schemas } from "@/lib/api/client";
import type { Answered } from "@/lib/cluster";
import { joined, lastNumber, MOST_EVENTS } from "../events";
import { isMoving } from "../states";

export interface Read {
  run: Schemas["RunDetail"];
  by: Answered | null;
  /** Time at which it was read, in Unix seconds. */
  at: number;
}

/** Read one run. While it is active, poll every 2 s and fetch only new events. */
export function useRun(id: string): UseQueryResult<Read> {
  const queryKey = ["run", id];
  return useQuery<Read>({
    queryKey,
    refetchInterval: (query) => (query.state.data && isMoving(query.state.data.run.state) ? 2000 : false),
    queryFn: async ({ client, signal }) => {
      const known = client.getQueryData<Read>(queryKey)?.run;
      const query = { after: lastNumber(known), limit: MOST_EVENTS };
      const { data, by } = await unwrapWith(api.GET("/runs/{run}", { params: { path: { run: id }, query }, signal }));
      return { run: known ? { ...data, ...joined(known, data) } : data, by, at: Date.now() / 1000 };
    },
  });
}
