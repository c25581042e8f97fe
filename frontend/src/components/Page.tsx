import { useEffect, type ReactNode } from "react";
import css from "./Page.module.css";

interface Props {
  title: string;
  /** One sentence: the purpose of the page. */
  lead?: ReactNode;
  aside?: ReactNode;
  children: ReactNode;
}

/** The frame of every page: its heading and the title of the browser tab. */
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
