/** The page's only QueryClient. The cluster does the retries. */

import { MutationCache, QueryCache, QueryClient } from "@tanstack/react-query";
import { cluster } from "./backends";
import { ApiError } from "./problem";

export const ME = ["me"] as const;

export const queries = new QueryClient({
  queryCache: new QueryCache({ onError: forgetSession }),
  mutationCache: new MutationCache({ onError: forgetSession }),
  // "always": a machine without a network still reaches its own backends.
  defaultOptions: { queries: { retry: false, staleTime: 5000, networkMode: "always" }, mutations: { retry: false, networkMode: "always" } },
});

let wasDown = false;
cluster.subscribe(() => {
  const { isDown } = cluster.snapshot();
  if (wasDown && !isDown) void queries.invalidateQueries();
  wasDown = isDown;
});

/** A 401 response ends the session in the page too; the layout then asks for a login. */
function forgetSession(error: Error): void {
  if (error instanceof ApiError && error.status === 401) queries.setQueryData(ME, null);
}
