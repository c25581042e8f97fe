import { useTranslation } from "react-i18next";
import { deviceTrouble } from "@/lib/engine";
import { useLive } from "@/lib/live";
import { Banner } from "./Banner";

/** Warning on every page: work meant for the GPU runs on the CPU, or the device gives wrong results. */
export function DeviceBanner() {
  const { t } = useTranslation();
  const tick = useLive().ticks.at(-1);
  const trouble = tick && deviceTrouble(tick);
  if (!trouble) return null;
  return (
    <Banner tone="bad" title={t(`device.${trouble.kind}.title`)}>
      <p>{t(`device.${trouble.kind}.description`)}</p>
      {trouble.reason && <p>{t("device.reason", { reason: trouble.reason })}</p>}
      <p>
        <code>omnimind doctor</code> · <code>omnimind logs engine</code>
      </p>
    </Banner>
  );
}
