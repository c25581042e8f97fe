import { useId, useState, type DragEvent } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "@/components/Button";
import { TextField } from "@/components/Field";
import { classes } from "@/components/classes";
import { uploads, useUploads } from "../api/upload";
import { parseMetadata } from "../metadata";
import type { DocumentTarget } from "../target";
import { isOver } from "../uploads";
import css from "./AddFiles.module.css";
import { UploadItem } from "./UploadItem";

const KINDS = ".txt,.text,.md,.markdown,.rst,.log,.csv,.tsv,.json,.jsonl,.ndjson,.yaml,.yml,.toml,.xml,.html,.htm,.tex,.srt,text/*";

/** Files, dropped or chosen, with their progress. */
export function AddFiles({ onOpen }: { onOpen: (place: DocumentTarget) => void }) {
  const { t } = useTranslation("search");
  const id = useId();
  const all = useUploads();
  const [isOverIt, setOverIt] = useState(false);
  const [metadata, setMetadata] = useState("");
  const isValid = parseMetadata(metadata) !== null;
  const add = (files: FileList | null) => {
    if (files && isValid) uploads.add(files, { metadata });
  };
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOverIt(false);
    add(event.dataTransfer.files);
  };
  const drag = (event: DragEvent) => {
    event.preventDefault();
    setOverIt(event.type === "dragover");
  };
  return (
    <>
      <label className={classes(css.drop, isOverIt && css.over)} htmlFor={id} onDragOver={drag} onDragLeave={drag} onDrop={drop}>
        <span className={css.text}>
          {t("add.drop")} <span className={css.choose}>{t("add.choose")}</span>
        </span>
        <span className={css.kinds}>{t("add.kinds")}</span>
        <input
          id={id}
          className="visually-hidden"
          type="file"
          multiple
          accept={KINDS}
          disabled={!isValid}
          onChange={(event) => {
            add(event.target.files);
            event.target.value = "";
          }}
        />
      </label>
      <details className={css.more}>
        <summary>{t("add.metadata")}</summary>
        <TextField
          label={t("add.metadata")}
          hint={t("add.metadataHint")}
          error={isValid ? undefined : t("add.metadataFault")}
          value={metadata}
          onChange={(event) => setMetadata(event.target.value)}
          spellCheck={false}
          placeholder='{"year": 2024}'
        />
      </details>
      {all.length > 0 && (
        <ul className={css.list} aria-label={t("add.way.files")}>
          {all.map((upload) => (
            <UploadItem key={upload.id} upload={upload} onOpen={onOpen} />
          ))}
        </ul>
      )}
      {all.some(isOver) && (
        <div>
          <Button kind="quiet" onClick={() => uploads.clear()}>
            {t("add.clear")}
          </Button>
        </div>
      )}
    </>
  );
}
