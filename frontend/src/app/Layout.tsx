import { Suspense, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { NavLink, Navigate, Outlet, ScrollRestoration, useLocation } from "react-router";
import { ErrorState } from "@/components/ErrorState";
import { Icon } from "@/components/Icon";
import { Loading } from "@/components/Loading";
import { Toasts } from "@/components/Toasts";
import { classes } from "@/components/classes";
import { useMe } from "@/lib/session";
import { DeviceBanner } from "@/components/DeviceBanner";
import { DownBanner } from "@/components/DownBanner";
import css from "./Layout.module.css";
import { PAGES } from "./pages";
import { TopBar } from "./TopBar";

/** The menu, the top bar and the page. Users without a session are sent to the login and return afterwards. */
export function Layout() {
  const { t } = useTranslation();
  const location = useLocation();
  const [menuAt, setMenuAt] = useState("");
  const me = useMe();
  useFocusOnPage(location.pathname);
  if (me.data === null) return <Navigate to="/login" replace state={{ from: location.pathname + location.search }} />;
  const isOpen = menuAt === location.key;
  return (
    <div className={css.layout}>
      <a className={css.skip} href="#page">
        {t("nav.skip")}
      </a>
      <TopBar isMenuOpen={isOpen} onMenu={() => setMenuAt(isOpen ? "" : location.key)} />
      <nav id="menu" className={classes(css.menu, isOpen && css.open)} aria-label={t("nav.label")}>
        <ul>
          {PAGES.map(({ name, path, icon }) => (
            <li key={name}>
              <NavLink to={path} end={path === "/"} className={css.link}>
                <Icon name={icon} />
                {t(`nav.${name}`)}
              </NavLink>
            </li>
          ))}
        </ul>
      </nav>
      <main id="page" className={css.main} tabIndex={-1}>
        <DownBanner />
        {me.data && <DeviceBanner />}
        {me.isPending && <Loading />}
        {me.isError && <ErrorState error={me.error} onRetry={() => void me.refetch()} />}
        {me.data && (
          <Suspense fallback={<Loading />}>
            <Outlet />
          </Suspense>
        )}
      </main>
      <Toasts />
      <ScrollRestoration />
    </div>
  );
}

/** After navigation, move the focus to the start of the page and announce it to screen readers. */
function useFocusOnPage(pathname: string): void {
  const before = useRef(pathname);
  useEffect(() => {
    if (before.current !== pathname) document.getElementById("page")?.focus({ preventScroll: true });
    before.current = pathname;
  }, [pathname]);
}
