/** Who uses this page. */

import { useQuery, type UseQueryResult } from "@tanstack/react-query";
import { api, unwrap, type Schemas } from "./api/client";
import { ME } from "./query";

export type Me = Schemas["Me"];
export type Role = Me["role"];

const RANK: Record<Role, number> = { reader: 0, writer: 1, admin: 2 };

/** Return who is logged in; null for nobody. */
export function useMe(): UseQueryResult<Me | null> {
  return useQuery({ queryKey: ME, queryFn: ({ signal }) => readMe(signal), staleTime: 60_000 });
}

/** Tell whether the user may do what a role may: hide or explain what would be refused. */
export function useMay(role: Role): boolean {
  const { data } = useMe();
  return !!data && RANK[data.role] >= RANK[role];
}

async function readMe(signal: AbortSignal): Promise<Me | null> {
  return (await unwrap(api.GET("/auth/session", { signal }))).me ?? null;
}
