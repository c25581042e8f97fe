import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { BarChart } from "@/components/BarChart";
import { Card } from "@/components/Card";
import { EmptyState } from "@/components/EmptyState";
import { useFormat } from "@/lib/format";
import { nearest, similarities } from "../vectors";
import { HeatMap } from "./HeatMap";
import css from "./Similarity.module.css";

/** Maximum number of texts to compare: 500 texts are 125 000 cosines, a fraction of a second. */
const MOST_TEXTS = 500;
const MOST_ROWS = 20;
const MOST_PAIRS = 6;

/** The similarity of the texts: all pairs in a heat map, and the most similar ones as a list. */
export function Similarity({ texts, vectors }: { texts: readonly string[]; vectors: readonly Float32Array[] }) {
  const { t } = useTranslation("embeddings");
  const { number } = useFormat();
  const matrix = useMemo(() => similarities(vectors.slice(0, MOST_TEXTS)), [vectors]);
  const pairs = useMemo(() => nearest(matrix, MOST_PAIRS), [matrix]);
  if (texts.length < 2) {
    return (
      <Card title={t("similarity.title")}>
        <EmptyState title={t("similarity.one")}>{t("similarity.oneDescription")}</EmptyState>
      </Card>
    );
  }
  const shown = matrix.slice(0, MOST_ROWS);
  return (
    <div className={css.cards}>
      <Card title={t("similarity.title")} aside={t("similarity.scale")}>
        <HeatMap texts={texts.slice(0, MOST_ROWS)} matrix={shown} />
        {texts.length > MOST_ROWS && <p className={css.note}>{t("similarity.shown", { shown: MOST_ROWS, all: number(texts.length) })}</p>}
      </Card>
      <Card title={t("similarity.nearest")}>
        <ol className={css.pairs}>
          {pairs.map(({ first, second, value }) => (
            <li key={`${first}-${second}`}>
              <p>
                <b>{first + 1}</b> {texts[first]}
              </p>
              <p>
                <b>{second + 1}</b> {texts[second]}
              </p>
              <BarChart
                label={t("similarity.pair", { one: first + 1, other: second + 1 })}
                most={1}
                bars={[{ key: "cosine", label: t("similarity.cosine"), value: Math.max(0, value), text: number(value, 3) }]}
              />
            </li>
          ))}
        </ol>
        {texts.length > MOST_TEXTS && <p className={css.note}>{t("similarity.compared", { shown: MOST_TEXTS, all: number(texts.length) })}</p>}
      </Card>
    </div>
  );
}
