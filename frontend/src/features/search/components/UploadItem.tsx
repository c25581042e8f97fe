import { useTranslation } from "react-i18next";
import { AnsweredBy } from "@/components/AnsweredBy";
import { Badge, type Tone } from "@/components/Badge";
import { Button } from "@/components/Button";
import { ErrorState } from "@/components/ErrorState";
import { Progress } from "@/components/Progress";
import { useFormat } from "@/lib/format";
import { uploads } from "../api/upload";
import type { DocumentTarget } from "../target";
import { isOver, type Upload, type UploadState } from "../uploads";
import css from "./UploadItem.module.css";

const TONE: Record<UploadState, Tone> = {
  waiting: "neutral",
  sending: "neutral",
  indexing: "neutral",
  added: "good",
  exists: "accent",
  failed: "bad",
  cancelled: "warn",
};

/** One file of the queue: its state and its buttons. */
export function UploadItem({ upload, onOpen }: { upload: Upload; onOpen: (place: DocumentTarget) => void }) {
  const { t } = useTranslation("search");
  const { bytes } = useFormat();
  const { id, name, state, share, document } = upload;
  return (
    <li className={css.item}>
      <div className={css.head}>
        {document ? (
          <button type="button" className={css.name} title={name} onClick={() => onOpen({ id: document.id, chunk: null })}>
            {name}
          </button>
        ) : (
          <span className={css.name} title={name}>
            {name}
          </span>
        )}
        <span className={css.size}>{bytes(upload.bytes)}</span>
        <Badge tone={TONE[state]}>{t(`add.state.${state}`)}</Badge>
      </div>
      {state === "sending" && <Progress label={t("add.sent")} share={share} />}
      {state === "indexing" && <Progress label={t("add.indexing")} />}
      {state === "failed" && <ErrorState error={upload.error} onRetry={() => uploads.retry(id)} />}
      {document && (
        <p className={css.about}>
          {t("library.chunks", { count: document.chunks })} <AnsweredBy by={upload.by} />
        </p>
      )}
      {!isOver(upload) && (
        <Button kind="quiet" className={css.small} onClick={() => uploads.cancel(id)}>
          {t("add.cancel")}
        </Button>
      )}
      {state === "cancelled" && (
        <Button kind="quiet" className={css.small} onClick={() => uploads.retry(id)}>
          {t("add.again")}
        </Button>
      )}
    </li>
  );
}
