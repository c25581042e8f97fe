import { useMutation, useQueryClient, type UseMutationResult } from "@tanstack/react-query";
import { api, unwrapWith, within } from "@/lib/api/client";
import type { Answered } from "@/lib/cluster";

const DELETE_MS = 30_000;

/** Delete a document and its vectors. */
export function useDeleteDocument(): UseMutationResult<Answered | null, Error, string> {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async (id) => (await unwrapWith(api.DELETE("/documents/{document}", { params: { path: { document: id } }, fetch: within(DELETE_MS) }))).by,
    onSuccess: () => Promise.all([client.invalidateQueries({ queryKey: ["documents"] }), client.invalidateQueries({ queryKey: ["search"] })]),
  });
}
