import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Announce } from "@/components/Announce";
import { Card } from "@/components/Card";
import { Columns } from "@/components/Columns";
import { EmptyState } from "@/components/EmptyState";
import { Page } from "@/components/Page";
import { useMay } from "@/lib/session";
import { useRun, type Circuit } from "./api/run";
import { Editor } from "./components/Editor";
import { Failure } from "./components/Failure";
import { Options } from "./components/Options";
import { Outcomes } from "./components/Outcomes";
import { Picture } from "./components/Picture";
import { example } from "./examples";

const START: Circuit = { qasm: example("bell", 2), shots: 1024, precision: "double", method: "automatic", device: "auto", statevector: false, timeout_s: 60 };

export function Component() {
  const { t } = useTranslation("quantum");
  const mayRun = useMay("writer");
  const [circuit, setCircuit] = useState(START);
  const run = useRun();
  const change = (part: Partial<Circuit>) => setCircuit({ ...circuit, ...part });
  const again = (part: Partial<Circuit>) => {
    change(part);
    run.mutate({ ...circuit, ...part });
  };
  const isCancelled = run.error?.name === "AbortError";
  return (
    <Page title={t("title")} lead={t("lead")}>
      <Columns
        side={<Options circuit={circuit} onChange={change} isBusy={run.isPending} mayRun={mayRun} onRun={() => run.mutate(circuit)} onCancel={run.cancel} />}
      >
        <Card title={t("editor.title")}>
          <Editor qasm={circuit.qasm} onChange={(qasm) => change({ qasm })} />
          <Picture qasm={circuit.qasm} />
        </Card>
      </Columns>
      <Announce text={run.data ? t("result.title") : ""} />
      {run.isIdle && <EmptyState title={t("start.title")}>{t("start.description")}</EmptyState>}
      {isCancelled && <EmptyState title={t("result.cancelled")} />}
      {run.isError && !isCancelled && <Failure error={run.error} onRun={again} />}
      {run.data && <Outcomes ran={run.data} onSeed={(seed) => change({ seed })} />}
    </Page>
  );
}
