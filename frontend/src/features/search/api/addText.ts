import { useMutation, useQueryClient, type UseMutationResult } from "@tanstack/react-query";
import { api, unwrapWith, within, type Schemas } from "@/lib/api/client";
import type { paths } from "@/lib/api/schema";
import type { Answered } from "@/lib/cluster";

export type Text = paths["/documents"]["post"]["requestBody"]["content"]["application/json"];

export interface Added {
  document: Schemas["DocumentCreated"];
  by: Answered | null;
}

/** A long book has thousands of chunks to embed. */
const LONG_MS = 600_000;

/** Add a text. The same title and text are the same document. */
export function useAddText(): UseMutationResult<Added, Error, Text> {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async (body) => {
      const { data, by } = await unwrapWith(api.POST("/documents", { body, fetch: within(LONG_MS) }));
      return { document: data, by };
    },
    onSuccess: () => Promise.all([client.invalidateQueries({ queryKey: ["documents"] }), client.invalidateQueries({ queryKey: ["search"] })]),
  });
}
