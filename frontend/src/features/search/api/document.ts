import { useQuery, type UseQueryResult } from "@tanstack/react-query";
import { api, unwrapWith, type Schemas } from "@/lib/api/client";
import type { Answered } from "@/lib/cluster";

export interface OpenedDocument {
  document: Schemas["DocumentWithChunks"];
  by: Answered | null;
}

/** Read one document with the text of its chunks. */
export function useDocument(id: string): UseQueryResult<OpenedDocument> {
  return useQuery({
    queryKey: ["document", id],
    queryFn: async ({ signal }) => {
      const { data, by } = await unwrapWith(api.GET("/documents/{document}", { params: { path: { document: id }, query: { chunks: true } }, signal }));
      return { document: data, by };
    },
  });
}
