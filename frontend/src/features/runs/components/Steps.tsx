import { useTranslation } from "react-i18next";
import { useFormat } from "@/lib/format";
import type { Schemas } from "@/lib/api/client";
import { timeline, type Phase, type Placed } from "../timeline";
import { StepBadge } from "./StateBadge";
import css from "./Steps.module.css";

/** As the journal says it. */
const NO_UNDO = "not reversible";
const PHASES = ["install", "warm", "cutover", "verify", "confirm", "recover"] as const;

/** The steps by phase: time of each on the run's time line, duration, and problem. */
export function Steps({ steps, now }: { steps: readonly Schemas["RunStep"][]; now: number }) {
  return (
    <ol className={css.phases}>
      {timeline(steps, now).map((phase, index) => (
        <li key={index}>
          <PhaseSteps phase={phase} />
        </li>
      ))}
    </ol>
  );
}

function PhaseSteps({ phase: { name, seconds, steps } }: { phase: Phase }) {
  const { t } = useTranslation("runs");
  const { ms } = useFormat();
  const known = PHASES.find((phase) => phase === name);
  return (
    <>
      <h3 className={css.phase}>
        {known ? t(`phase.${known}`) : name} <span>{seconds > 0 && ms(seconds * 1000)}</span>
      </h3>
      <ol>
        {steps.map((step) => (
          <Step key={step.step.id} placed={step} />
        ))}
      </ol>
    </>
  );
}

function Step({ placed: { step, place } }: { placed: Placed }) {
  const { t } = useTranslation("runs");
  const { ms } = useFormat();
  return (
    <li className={css.step} data-status={step.status}>
      <span className={css.title}>
        {step.title}
        {step.undo === NO_UNDO && step.phase !== "recover" && <span className={css.undo}>{t("undo.no")}</span>}
      </span>
      <span className={css.track} aria-hidden="true">
        {place && <span style={{ left: `${place.from * 100}%`, width: `${place.width * 100}%` }} />}
      </span>
      <span className={css.seconds}>{step.seconds === null ? "–" : ms(step.seconds * 1000)}</span>
      <span className={css.badge}>
        <StepBadge status={step.status} />
      </span>
      {step.problem && <p className={css.problem}>{step.problem}</p>}
    </li>
  );
}
