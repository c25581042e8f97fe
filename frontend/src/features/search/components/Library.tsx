import { useState } from "react";
import { useTranslation } from "react-i18next";
import { AnsweredBy } from "@/components/AnsweredBy";
import { Button } from "@/components/Button";
import { Card } from "@/components/Card";
import { EmptyState } from "@/components/EmptyState";
import { ErrorState } from "@/components/ErrorState";
import { Loading } from "@/components/Loading";
import { useFormat } from "@/lib/format";
import { useDocuments } from "../api/documents";
import type { DocumentTarget } from "../target";
import css from "./Library.module.css";

const SHOWN = 8;

/** The stored documents, newest first. */
export function Library({ onOpen }: { onOpen: (place: DocumentTarget) => void }) {
  const { t } = useTranslation("search");
  const { bytes, number } = useFormat();
  const [offset, setOffset] = useState(0);
  const documents = useDocuments(offset, SHOWN);
  const page = documents.data?.page;
  return (
    <Card
      title={page ? t("library.count", { count: page.total, number: number(page.total) }) : t("library.title")}
      aside={<AnsweredBy by={documents.data?.by ?? null} />}
    >
      {documents.isPending && <Loading />}
      {documents.isError && <ErrorState error={documents.error} onRetry={() => void documents.refetch()} />}
      {page?.total === 0 && <EmptyState title={t("library.none")}>{t("library.noneDescription")}</EmptyState>}
      {page && page.items.length > 0 && (
        <ul className={css.list}>
          {page.items.map((item) => (
            <li key={item.id}>
              <button type="button" className={css.title} title={item.title} onClick={() => onOpen({ id: item.id, chunk: null })}>
                {item.title}
              </button>
              <p className={css.about}>
                {item.source && item.source !== item.title && <span className={css.source}>{item.source}</span>}
                <span>{t("library.chunks", { count: item.chunks })}</span>
                <span>{bytes(item.bytes)}</span>
              </p>
            </li>
          ))}
        </ul>
      )}
      {page && page.total > SHOWN && (
        <div className={css.turn}>
          <Button disabled={offset === 0} onClick={() => setOffset(Math.max(0, offset - SHOWN))}>
            {t("library.newer")}
          </Button>
          <span>{t("library.range", { from: offset + 1, to: Math.min(offset + SHOWN, page.total), total: number(page.total) })}</span>
          <Button disabled={offset + SHOWN >= page.total} onClick={() => setOffset(offset + SHOWN)}>
            {t("library.older")}
          </Button>
        </div>
      )}
    </Card>
  );
}
