import { useState } from "react";
import { useTranslation } from "react-i18next";
import { AnsweredBy } from "@/components/AnsweredBy";
import { Button } from "@/components/Button";
import { Dialog } from "@/components/Dialog";
import { ErrorState } from "@/components/ErrorState";
import { Facts } from "@/components/Facts";
import { Loading } from "@/components/Loading";
import { toast } from "@/components/toasts";
import { useFormat } from "@/lib/format";
import { useMay } from "@/lib/session";
import { useDeleteDocument } from "../api/deleteDocument";
import { useDocument, type OpenedDocument } from "../api/document";
import type { DocumentTarget } from "../target";
import css from "./DocumentDialog.module.css";

interface Props {
  place: DocumentTarget;
  onClose: () => void;
  /** Search in this document only. */
  onOnly: (id: string) => void;
}

/** A document with its full text; the chunk that was found is marked. A writer can delete it after confirmation. */
export function DocumentDialog({ place, onClose, onOnly }: Props) {
  const { t } = useTranslation("search");
  const opened = useDocument(place.id);
  const remove = useDeleteDocument();
  const mayWrite = useMay("writer");
  const [isSure, setSure] = useState(false);
  const title = opened.data?.document.title ?? t("document.title");
  const deleted = () => {
    toast(t("document.deleted", { title }));
    onClose();
  };
  const actions = isSure ? (
    <>
      <p className={css.question}>{t("document.sure")}</p>
      <Button onClick={() => setSure(false)}>{t("document.keep")}</Button>
      <Button kind="danger" busy={remove.isPending} onClick={() => remove.mutate(place.id, { onSuccess: deleted })}>
        {t("document.delete")}
      </Button>
    </>
  ) : (
    <>
      <Button
        onClick={() => {
          onOnly(place.id);
          onClose();
        }}
      >
        {t("document.only")}
      </Button>
      {mayWrite && opened.data && (
        <Button kind="danger" onClick={() => setSure(true)}>
          {t("document.deleteAsk")}
        </Button>
      )}
    </>
  );
  return (
    <Dialog title={title} onClose={onClose} actions={actions}>
      {opened.isPending && <Loading lines={6} />}
      {opened.isError && <ErrorState error={opened.error} onRetry={() => void opened.refetch()} />}
      {opened.data && <Contents opened={opened.data} chunk={place.chunk} />}
      {remove.isError && <ErrorState error={remove.error} />}
    </Dialog>
  );
}

function Contents({ opened, chunk }: { opened: OpenedDocument; chunk: number | null }) {
  const { t } = useTranslation("search");
  const { bytes, number, when } = useFormat();
  const { document, by } = opened;
  const hasMetadata = Object.keys(document.metadata).length > 0;
  return (
    <>
      <Facts
        facts={[
          { label: t("document.source"), value: document.source || null },
          { label: t("document.kind"), value: document.media_type },
          { label: t("document.size"), value: bytes(document.bytes) },
          { label: t("document.chunks"), value: number(document.chunks) },
          { label: t("document.added"), value: when(document.created_at) },
          { label: t("document.from"), value: by && <AnsweredBy by={by} /> },
        ]}
      />
      {hasMetadata && <pre className={css.metadata}>{JSON.stringify(document.metadata, null, 2)}</pre>}
      <ol className={css.chunks} aria-label={t("document.text")}>
        {(document.texts ?? []).map((text, index) => (
          <li key={index} ref={index === chunk ? (element) => element?.scrollIntoView({ block: "center" }) : undefined} aria-current={index === chunk || undefined}>
            <span className={css.number}>{index + 1}</span>
            <p>{text}</p>
          </li>
        ))}
      </ol>
    </>
  );
}
