import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "@/components/Button";
import { classes } from "@/components/classes";
import type { Schemas } from "@/lib/api/client";
import { useFormat } from "@/lib/format";
import type { DocumentTarget } from "../target";
import css from "./ResultItem.module.css";

interface Props {
  result: Schemas["Result"];
  rank: number;
  onOpen: (place: DocumentTarget) => void;
}

const LONG = 420;

/** One chunk: its score, source and text. */
export function ResultItem({ result, rank, onOpen }: Props) {
  const { t } = useTranslation("search");
  const { number } = useFormat();
  const [isWhole, setWhole] = useState(false);
  const { document, score, source, text, payload } = result;
  const title = document?.title || source || String(result.id);
  return (
    <li className={css.item}>
      <div className={css.score}>
        <span className={css.number}>{number(score, 3)}</span>
        <span className={css.track} aria-hidden="true">
          <span style={{ width: `${Math.max(0, Math.min(1, score)) * 100}%` }} />
        </span>
        <span className="visually-hidden">{t("results.score", { score: number(score, 3), rank })}</span>
      </div>
      <div className={css.body}>
        <div className={css.head}>
          <h3 className={css.title}>
            {document ? (
              <button type="button" onClick={() => onOpen({ id: document.id, chunk: document.chunk })}>
                {title}
              </button>
            ) : (
              title
            )}
          </h3>
          <p className={css.source}>
            {source && source !== title && <span>{source}</span>}
            {document ? <span>{t("results.chunk", { number: document.chunk + 1 })}</span> : <span>{t("results.foreign")}</span>}
          </p>
        </div>
        {text && <p className={classes(css.text, !isWhole && text.length > LONG && css.cut)}>{text}</p>}
        <div className={css.actions}>
          {text.length > LONG && (
            <Button kind="quiet" aria-expanded={isWhole} onClick={() => setWhole(!isWhole)}>
              {isWhole ? t("results.less") : t("results.whole")}
            </Button>
          )}
          {(!document || !text) && (
            <details className={css.payload}>
              <summary>{t("results.payload")}</summary>
              <pre>{JSON.stringify(payload, null, 2)}</pre>
            </details>
          )}
        </div>
      </div>
    </li>
  );
}
