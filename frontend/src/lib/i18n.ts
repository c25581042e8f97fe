/** Translations. The catalogues are in src/locales: one JSON file per feature and language, which is one namespace. */

import i18next, { type i18n } from "i18next";
import { initReactI18next } from "react-i18next";
import type en from "@/locales/en";
import { remember } from "./theme";

export const LANGUAGES = { en: "English", "pt-BR": "Português (Brasil)" } as const;
export type Language = keyof typeof LANGUAGES;

declare module "i18next" {
  interface CustomTypeOptions {
    defaultNS: "common";
    resources: typeof en;
    returnNull: false;
  }
}

const KEY = "omnimind.language";
const CATALOGUES = { en: () => import("@/locales/en"), "pt-BR": () => import("@/locales/pt-BR") };

/** Return the first supported language of the user's list. */
export function choose(stored: string | null, preferred: readonly string[]): Language {
  if (stored && stored in LANGUAGES) return stored as Language;
  for (const tag of preferred) {
    if (tag.toLowerCase().startsWith("pt")) return "pt-BR";
    if (tag.toLowerCase().startsWith("en")) return "en";
  }
  return "en";
}

export async function startI18n(): Promise<i18n> {
  await i18next.use(initReactI18next).init({ fallbackLng: false, defaultNS: "common", interpolation: { escapeValue: false }, resources: {} });
  await setLanguage(choose(stored(), navigator.languages));
  return i18next;
}

export async function setLanguage(language: Language): Promise<void> {
  const { default: catalogue } = await CATALOGUES[language]();
  for (const [namespace, texts] of Object.entries(catalogue)) i18next.addResourceBundle(language, namespace, texts);
  await i18next.changeLanguage(language);
  document.documentElement.lang = language;
  remember(KEY, language);
}

function stored(): string | null {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}
