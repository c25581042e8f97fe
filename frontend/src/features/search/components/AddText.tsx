import { useState, type SubmitEvent } from "react";
import { useTranslation } from "react-i18next";
import { AnsweredBy } from "@/components/AnsweredBy";
import { Badge } from "@/components/Badge";
import { Button } from "@/components/Button";
import { ErrorState } from "@/components/ErrorState";
import { TextArea, TextField } from "@/components/Field";
import { useAddText } from "../api/addText";
import { parseMetadata } from "../metadata";
import type { DocumentTarget } from "../target";
import css from "./AddText.module.css";

const EMPTY = { text: "", title: "", source: "", metadata: "" };

/** A form for a pasted or typed text. */
export function AddText({ onOpen }: { onOpen: (place: DocumentTarget) => void }) {
  const { t } = useTranslation("search");
  const [input, setGiven] = useState(EMPTY);
  const add = useAddText();
  const metadata = parseMetadata(input.metadata);
  const submit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    if (!metadata) return;
    add.mutate({ ...input, metadata }, { onSuccess: () => setGiven({ ...EMPTY, source: input.source, metadata: input.metadata }) });
  };
  const set = (change: Partial<typeof EMPTY>) => {
    setGiven({ ...input, ...change });
    if (!add.isPending) add.reset();
  };
  return (
    <form className={css.form} onSubmit={submit}>
      <TextArea label={t("add.text")} value={input.text} onChange={(event) => set({ text: event.target.value })} required rows={6} />
      <details className={css.more}>
        <summary>{t("add.more")}</summary>
        <div>
          <TextField
            label={t("add.titleField")}
            hint={t("add.titleHint")}
            value={input.title}
            onChange={(event) => set({ title: event.target.value })}
            maxLength={500}
          />
          <TextField
            label={t("add.source")}
            hint={t("add.sourceHint")}
            value={input.source}
            onChange={(event) => set({ source: event.target.value })}
            maxLength={2000}
          />
          <TextField
            label={t("add.metadata")}
            hint={t("add.metadataHint")}
            error={metadata ? undefined : t("add.metadataFault")}
            value={input.metadata}
            onChange={(event) => set({ metadata: event.target.value })}
            spellCheck={false}
            placeholder='{"year": 2024}'
          />
        </div>
      </details>
      <div>
        <Button type="submit" kind="primary" busy={add.isPending} disabled={!input.text.trim() || !metadata}>
          {add.isPending ? t("add.indexing") : t("add.submit")}
        </Button>
      </div>
      {add.isError && <ErrorState error={add.error} />}
      <div role="status">
        {add.data && (
          <div className={css.done}>
            <Badge tone={add.data.document.created ? "good" : "accent"}>{add.data.document.created ? t("add.state.added") : t("add.state.exists")}</Badge>
            <button type="button" onClick={() => onOpen({ id: add.data.document.id, chunk: null })}>
              {add.data.document.title}
            </button>
            <AnsweredBy by={add.data.by} />
          </div>
        )}
      </div>
    </form>
  );
}
