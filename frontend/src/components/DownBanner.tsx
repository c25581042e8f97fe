import { useTranslation } from "react-i18next";
import { Banner } from "./Banner";
import { useCluster } from "@/lib/useCluster";

/** Says that no backend answers; goes by itself once one does, for the cluster keeps asking. */
export function DownBanner() {
  const { t } = useTranslation();
  const { isDown, backends } = useCluster();
  if (!isDown) return null;
  return (
    <Banner tone="bad" title={t("down.title")}>
      <p>{t("down.description", { backends: backends.map((backend) => backend.label).join(", ") })}</p>
      <p>
        <code>omnimind status</code> · <code>omnimind up</code>
      </p>
    </Banner>
  );
}
