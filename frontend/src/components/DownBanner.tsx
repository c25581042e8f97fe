import { useTranslation } from "react-i18next";
import { Banner } from "./Banner";
import { useCluster } from "@/lib/useCluster";

/** Shown while no backend responds. It disappears by itself, because the cluster keeps probing. */
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
