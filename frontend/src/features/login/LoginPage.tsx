import { useEffect, type SubmitEvent } from "react";
import { useTranslation } from "react-i18next";
import { useLocation, useNavigate } from "react-router";
import { DownBanner } from "@/components/DownBanner";
import { Button } from "@/components/Button";
import { ErrorState } from "@/components/ErrorState";
import { TextField } from "@/components/Field";
import { useLogIn } from "./api/logIn";
import css from "./LoginPage.module.css";

/** Return where to go after the login: only paths of this page. */
function target(state: unknown): string {
  const from = typeof state === "object" && state !== null && "from" in state ? String(state.from) : "/";
  return from.startsWith("/") && !from.startsWith("//") ? from : "/";
}

export function Component() {
  const { t } = useTranslation("login");
  const navigate = useNavigate();
  const location = useLocation();
  const logIn = useLogIn();
  useEffect(() => {
    document.title = `${t("title")} · OmniMind`;
  }, [t]);

  const submit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const body = { name: form.get("name") as string, password: form.get("password") as string };
    logIn.mutate(body, { onSuccess: () => void navigate(target(location.state), { replace: true }) });
  };

  return (
    <main className={css.page}>
      <DownBanner />
      <form className={css.form} onSubmit={submit}>
        <header className={css.head}>
          <img src="/icon.svg" alt="" width="40" height="40" />
          <h1>OmniMind</h1>
          <p>{t("lead")}</p>
        </header>
        <TextField label={t("name")} name="name" autoComplete="username" autoCapitalize="none" spellCheck={false} required maxLength={64} />
        <TextField label={t("password")} name="password" type="password" autoComplete="current-password" required />
        {logIn.isError && <ErrorState error={logIn.error} />}
        <Button type="submit" kind="primary" busy={logIn.isPending}>
          {t("submit")}
        </Button>
        <p className={css.hint}>
          {t("hint")} <code>omnimind user add</code>
        </p>
      </form>
    </main>
  );
}
