import { useEffect, type ReactNode } from "react";
import css from "./Page.module.css";

interface Props {
  title: string;
  /** One sentence: what this page is for. */
  lead?: ReactNode;
  aside?: ReactNode;
  children: ReactNode;
}

/** What every page stands in: its heading, and its name in the browser's tab. */
export function Page({ title, lead, aside, children }: Props) {
  useEffect(() => {
    document.title = `${title} · OmniMind`;
  }, [title]);
  return (
    <div className={css.page}>
      <header className={css.head}>
        <div>
          <h1>{title}</h1>
          {lead && <p className={css.lead}>{lead}</p>}
        </div>
        {aside && <div className={css.aside}>{aside}</div>}
      </header>
      {children}
    </div>
  );
}
