import { useState, type SubmitEvent } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "@/components/Button";
import { Card } from "@/components/Card";
import { Select, TextArea } from "@/components/Field";
import { useFormat } from "@/lib/format";
import { USES, type EmbedRequest, type Use } from "../api/embed";
import { linesOf } from "../parsing";
import css from "./EmbedForm.module.css";

const MOST_TEXTS = 4096;

export function EmbedForm({ isBusy, onEmbed }: { isBusy: boolean; onEmbed: (request: EmbedRequest) => void }) {
  const { t } = useTranslation("embeddings");
  const { number } = useFormat();
  const [input, setWords] = useState("");
  const [use, setUse] = useState<Use>("use");
  const texts = linesOf(input);
  const submit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    onEmbed({ texts, use });
  };
  return (
    <Card>
      <form className={css.form} onSubmit={submit}>
        <TextArea
          label={t("form.texts")}
          hint={t("form.count", { count: texts.length, number: number(texts.length) })}
          error={texts.length > MOST_TEXTS ? t("form.tooMany", { most: number(MOST_TEXTS, 0) }) : undefined}
          value={input}
          onChange={(event) => setWords(event.target.value)}
          rows={6}
          placeholder={t("form.placeholder")}
        />
        <div className={css.row}>
          <Select
            label={t("form.cache")}
            value={use}
            onChange={(event) => setUse(event.target.value as Use)}
            choices={USES.map((value) => ({ value, label: t(`form.use.${value}`) }))}
          />
          <div className={css.buttons}>
            <Button kind="quiet" onClick={() => setWords(t("form.example"))}>
              {t("form.takeExample")}
            </Button>
            <Button type="submit" kind="primary" busy={isBusy} disabled={texts.length === 0 || texts.length > MOST_TEXTS}>
              {t("form.submit")}
            </Button>
          </div>
        </div>
      </form>
    </Card>
  );
}
