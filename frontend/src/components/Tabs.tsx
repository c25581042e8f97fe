import { useId, type KeyboardEvent, type ReactNode } from "react";
import css from "./Tabs.module.css";

interface Props<Key extends string> {
  label: string;
  tabs: readonly { key: Key; label: string }[];
  open: Key;
  onOpen: (key: Key) => void;
  /** The content of the open tab. */
  children: ReactNode;
}

/** Tabs; the arrow keys move between them. */
export function Tabs<Key extends string>({ label, tabs, open, onOpen, children }: Props<Key>) {
  const id = useId();
  const move = (event: KeyboardEvent<HTMLDivElement>) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const at = tabs.findIndex((tab) => tab.key === open);
    const next = step && tabs[(at + step + tabs.length) % tabs.length];
    if (!next) return;
    event.preventDefault();
    onOpen(next.key);
    document.getElementById(`${id}-${next.key}`)?.focus();
  };
  return (
    <div className={css.tabs}>
      {/* The keys of the tabs bubble up to their list. */}
      {/* eslint-disable-next-line jsx-a11y/interactive-supports-focus */}
      <div className={css.list} role="tablist" aria-label={label} onKeyDown={move}>
        {tabs.map(({ key, label: text }) => (
          <button
            key={key}
            id={`${id}-${key}`}
            type="button"
            role="tab"
            aria-selected={key === open}
            aria-controls={`${id}-panel`}
            tabIndex={key === open ? 0 : -1}
            onClick={() => onOpen(key)}
          >
            {text}
          </button>
        ))}
      </div>
      <div id={`${id}-panel`} role="tabpanel" aria-labelledby={`${id}-${open}`} className={css.panel}>
        {children}
      </div>
    </div>
  );
}
