import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Card } from "@/components/Card";
import { Tabs } from "@/components/Tabs";
import { useMay } from "@/lib/session";
import type { DocumentTarget } from "../target";
import { AddFiles } from "./AddFiles";
import { AddText } from "./AddText";
import css from "./AddDocuments.module.css";

const WAYS = ["files", "text"] as const;
type Way = (typeof WAYS)[number];

/** Two ways to add documents. Users without permission are told who has it. */
export function AddDocuments({ onOpen }: { onOpen: (place: DocumentTarget) => void }) {
  const { t } = useTranslation("search");
  const mayWrite = useMay("writer");
  const [way, setWay] = useState<Way>("files");
  if (!mayWrite) {
    return (
      <Card title={t("add.title")}>
        <p className={css.refused}>{t("add.refused")}</p>
      </Card>
    );
  }
  return (
    <Card title={t("add.title")}>
      <Tabs label={t("add.title")} tabs={WAYS.map((key) => ({ key, label: t(`add.way.${key}`) }))} open={way} onOpen={setWay}>
        {way === "files" ? <AddFiles onOpen={onOpen} /> : <AddText onOpen={onOpen} />}
      </Tabs>
    </Card>
  );
}
