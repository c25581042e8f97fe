import { useId, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "@/components/Button";
import { TextField } from "@/components/Field";
import { EXAMPLES, FEWEST_QUBITS, MOST_QUBITS, example } from "../examples";
import css from "./Editor.module.css";

const FEWEST_LINES = 10;
const MOST_LINES = 16;

/** The source with line numbers, and the examples. */
export function Editor({ qasm, onChange }: { qasm: string; onChange: (qasm: string) => void }) {
  const { t } = useTranslation("quantum");
  const id = useId();
  const gutter = useRef<HTMLPreElement>(null);
  const [qubits, setQubits] = useState("5");
  const lines = qasm.split("\n").length;
  return (
    <>
      <div className={css.examples}>
        <div className={css.buttons} role="group" aria-label={t("editor.examples")}>
          {EXAMPLES.map((name) => (
            <Button key={name} onClick={() => onChange(example(name, within(qubits)))}>
              {t(`editor.example.${name}`)}
            </Button>
          ))}
        </div>
        <div className={css.qubits}>
          <TextField
            label={t("editor.qubits")}
            type="number"
            min={FEWEST_QUBITS}
            max={MOST_QUBITS}
            value={qubits}
            onChange={(event) => setQubits(event.target.value)}
            onBlur={() => setQubits(String(within(qubits)))}
          />
        </div>
      </div>
      <div className={css.field}>
        <label htmlFor={id}>{t("editor.source")}</label>
        <div className={css.editor}>
          <pre ref={gutter} className={css.gutter} aria-hidden="true">
            {Array.from({ length: lines }, (_, index) => index + 1).join("\n")}
          </pre>
          <textarea
            id={id}
            className={css.source}
            value={qasm}
            onChange={(event) => onChange(event.target.value)}
            onScroll={(event) => {
              if (gutter.current) gutter.current.scrollTop = event.currentTarget.scrollTop;
            }}
            rows={Math.min(MOST_LINES, Math.max(FEWEST_LINES, lines))}
            wrap="off"
            spellCheck={false}
            autoCapitalize="none"
            autoCorrect="off"
          />
        </div>
      </div>
    </>
  );
}

/** Return the closest number of qubits that the example supports. */
function within(written: string): number {
  return Math.min(MOST_QUBITS, Math.max(FEWEST_QUBITS, Math.round(Number(written))));
}
