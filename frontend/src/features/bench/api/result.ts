import { useQuery, type UseQueryResult } from "@tanstack/react-query";
import { api, unwrapWith } from "@/lib/api/client";
import type { Answered } from "@/lib/cluster";
import { readDocument, type BenchDocument } from "../document";

export interface Read {
  document: BenchDocument;
  by: Answered | null;
}

/** Read one saved result; disabled without a name. */
export function useResult(name: string): UseQueryResult<Read> {
  return useQuery({
    queryKey: ["bench", name],
    enabled: name !== "",
    queryFn: async ({ signal }) => {
      const { data, by } = await unwrapWith(api.GET("/bench/{name}", { params: { path: { name } }, signal }));
      return { document: readDocument(data, name), by };
    },
  });
}
