import { useMutation, useQueryClient, type UseMutationResult } from "@tanstack/react-query";
import { api, unwrap, type Schemas } from "@/lib/api/client";
import { ME } from "@/lib/query";
import type { Me } from "@/lib/session";

/** Log in; the session is a cookie that this page cannot read. */
export function useLogIn(): UseMutationResult<Me, Error, Schemas["Login"]> {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body) => unwrap(api.POST("/auth/login", { body })),
    onSuccess: (me) => client.setQueryData(ME, me),
  });
}
