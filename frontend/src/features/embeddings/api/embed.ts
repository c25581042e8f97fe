import { useMutation, type UseMutationResult } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { api, repeatable, unwrapWith, within, type Schemas } from "@/lib/api/client";
import type { Answered } from "@/lib/cluster";
import { decode } from "../vectors";

/** Use of the cache: renew recalculates and stores, off does not use it. */
export const USES = ["use", "renew", "off"] as const;
export type Use = (typeof USES)[number];

export interface EmbedRequest {
  texts: readonly string[];
  use: Use;
}

export interface EmbedResult {
  texts: readonly string[];
  about: Omit<Schemas["EmbedAnswer"], "embeddings">;
  vectors: Float32Array[];
  by: Answered | null;
  headers: Headers;
}

const CONTROL: Record<Use, Record<string, string>> = { use: {}, renew: { "Cache-Control": "no-cache" }, off: { "Cache-Control": "no-store" } };

/** Time for thousands of texts on a CPU. */
const EMBED_MS = 300_000;

/** Embed texts. Leaving the page aborts the request. */
export function useEmbed(): UseMutationResult<EmbedResult, Error, EmbedRequest> {
  const leaving = useRef<AbortController>(null);
  useEffect(() => {
    leaving.current = new AbortController();
    return () => leaving.current?.abort();
  }, []);
  return useMutation({
    mutationFn: async ({ texts, use }) => {
      const headers = { ...repeatable(), ...CONTROL[use] };
      const { data, ...response } = await unwrapWith(
        api.POST("/embed", { body: { texts: [...texts], encoding: "base64" }, headers, fetch: within(EMBED_MS), signal: leaving.current?.signal }),
      );
      if (typeof data === "string") throw new TypeError("the answer is not the JSON that was asked for");
      const { embeddings, ...about } = data;
      return { texts, about, vectors: embeddings.map((embedding) => (typeof embedding === "string" ? decode(embedding) : Float32Array.from(embedding))), ...response };
    },
  });
}
