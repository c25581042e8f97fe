import { useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Link, useLocation } from "react-router";
import { Button } from "@/components/Button";
import { Icon } from "@/components/Icon";
import { toast } from "@/components/toasts";
import { api, unwrap } from "@/lib/api/client";
import { useMe } from "@/lib/session";
import { BackendDots } from "./BackendDots";
import { LanguageSwitch, ThemeSwitch } from "./Switches";
import css from "./TopBar.module.css";

interface Props {
  isMenuOpen: boolean;
  onMenu: () => void;
}

export function TopBar({ isMenuOpen, onMenu }: Props) {
  const { t } = useTranslation();
  return (
    <header className={css.bar}>
      <Button kind="quiet" className={css.menu} aria-expanded={isMenuOpen} aria-controls="menu" aria-label={t("nav.menu")} onClick={onMenu}>
        <Icon name={isMenuOpen ? "close" : "menu"} />
      </Button>
      <Link to="/" className={css.brand} aria-label="OmniMind">
        <img src="/icon.svg" alt="" width="22" height="22" />
        <span>OmniMind</span>
      </Link>
      <BackendDots />
      <div className={css.end}>
        <LanguageSwitch />
        <ThemeSwitch />
        <User />
      </div>
    </header>
  );
}

function User() {
  const { t } = useTranslation();
  const { data: me } = useMe();
  const client = useQueryClient();
  const { pathname } = useLocation();
  if (!me) return null;
  if (me.via === "open") {
    return (
      <Link to="/login" state={{ from: pathname }}>
        {t("session.logIn")}
      </Link>
    );
  }
  const leave = async () => {
    try {
      await unwrap(api.POST("/auth/logout"));
      client.clear();
      location.assign("/login");
    } catch (error) {
      toast(error instanceof Error ? error.message : String(error), "bad");
    }
  };
  return (
    <>
      <span className={css.user} title={t(`session.role.${me.role}`)}>
        {me.name}
      </span>
      <Button kind="quiet" aria-label={t("session.logOut")} title={t("session.logOut")} onClick={() => void leave()}>
        <Icon name="out" />
      </Button>
    </>
  );
}
