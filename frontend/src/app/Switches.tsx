import { useTranslation } from "react-i18next";
import { Icon } from "@/components/Icon";
import { LANGUAGES, setLanguage, type Language } from "@/lib/i18n";
import { THEMES, setTheme, useTheme, type Theme } from "@/lib/theme";
import css from "./Switches.module.css";

export function ThemeSwitch() {
  const { t } = useTranslation();
  return (
    <label className={css.switch} title={t("theme.label")}>
      <Icon name="sun" />
      <select aria-label={t("theme.label")} value={useTheme()} onChange={(event) => setTheme(event.target.value as Theme)}>
        {THEMES.map((theme) => (
          <option key={theme} value={theme}>
            {t(`theme.${theme}`)}
          </option>
        ))}
      </select>
    </label>
  );
}

export function LanguageSwitch() {
  const { t, i18n } = useTranslation();
  return (
    <label className={css.switch} title={t("language.label")}>
      <Icon name="globe" />
      <select aria-label={t("language.label")} value={i18n.language} onChange={(event) => void setLanguage(event.target.value as Language)}>
        {Object.entries(LANGUAGES).map(([language, name]) => (
          <option key={language} value={language} lang={language}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}
