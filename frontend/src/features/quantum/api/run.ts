import { useMutation, type UseMutationResult } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { api, repeatable, unwrapWith, within, type Schemas } from "@/lib/api/client";
import type { paths } from "@/lib/api/schema";
import type { Answered } from "@/lib/cluster";

export type Circuit = paths["/quantum/run"]["post"]["requestBody"]["content"]["application/json"];

export interface Ran {
  /** The amplitudes are not requested. */
  counts: Omit<Schemas["Counts"], "statevector">;
  by: Answered | null;
}

/** Seconds that a run may wait in the queue before its own time begins. */
const QUEUE_SECONDS = 60;

/** Run a circuit. `cancel` aborts it, and so does leaving the page. */
export function useRun(): UseMutationResult<Ran, Error, Circuit> & { cancel: () => void } {
  const current = useRef<AbortController>(null);
  const cancel = () => current.current?.abort();
  useEffect(() => () => current.current?.abort(), []);
  const mutation = useMutation<Ran, Error, Circuit>({
    mutationFn: async (body) => {
      current.current = new AbortController();
      const fetch = within(((body.timeout_s ?? 60) + QUEUE_SECONDS) * 1000);
      const { data, by } = await unwrapWith(api.POST("/quantum/run", { body, headers: repeatable(), fetch, signal: current.current.signal }));
      return { counts: data, by };
    },
  });
  return { ...mutation, cancel };
}
