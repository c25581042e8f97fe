/** The logged-in user. */

import { useQuery, type UseQueryResult } from "@tanstack/react-query";
import { api, unwrap, type Schemas } from "./api/client";
import { ME } from "./query";

export type Me = Schemas["Me"];
export type Role = Me["role"];

const RANK: Record<Role, number> = { reader: 0, writer: 1, admin: 2 };

/** Return the logged-in user; null for none. */
export function useMe(): UseQueryResult<Me | null> {
  return useQuery({ queryKey: ME, queryFn: ({ signal }) => readMe(signal), staleTime: 60_000 });
}

/** Return whether the user has at least this role, so that the page can hide or explain actions. */
export function useMay(role: Role): boolean {
  const { data } = useMe();
  return !!data && RANK[data.role] >= RANK[role];
}

async function readMe(signal: AbortSignal): Promise<Me | null> {
  return (await unwrap(api.GET("/auth/session", { signal }))).me ?? null;
}
