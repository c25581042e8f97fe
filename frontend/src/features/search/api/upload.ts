import { useSyncExternalStore } from "react";
import { queries } from "@/lib/query";
import { uploadDocument } from "@/lib/upload";
import { UploadQueue, type Upload } from "../uploads";

/** The page's only upload queue. */
export const uploads = new UploadQueue(uploadDocument, () => {
  void queries.invalidateQueries({ queryKey: ["documents"] });
  void queries.invalidateQueries({ queryKey: ["search"] });
});

export function useUploads(): readonly Upload[] {
  return useSyncExternalStore(uploads.subscribe, uploads.snapshot);
}
