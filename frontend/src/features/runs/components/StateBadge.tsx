import { useTranslation } from "react-i18next";
import { Badge } from "@/components/Badge";
import { RUN_STATES, STEP_STATES, isRunState, isStepState } from "../states";

export function RunBadge({ state }: { state: string }) {
  const { t } = useTranslation("runs");
  if (!isRunState(state)) return <Badge>{state}</Badge>;
  return (
    <Badge tone={RUN_STATES[state]} dot>
      {t(`state.${state}`)}
    </Badge>
  );
}

export function StepBadge({ status }: { status: string }) {
  const { t } = useTranslation("runs");
  return isStepState(status) ? <Badge tone={STEP_STATES[status]}>{t(`step.${status}`)}</Badge> : <Badge>{status}</Badge>;
}
