import { useEffect, useId, useRef, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "./Button";
import { Icon } from "./Icon";
import css from "./Dialog.module.css";

interface Props {
  title: ReactNode;
  /** Called on Escape, on the close button, and on a click outside. */
  onClose: () => void;
  /** Buttons at the end of the dialog. */
  actions?: ReactNode;
  children: ReactNode;
}

/** A modal dialog. It is open while it is rendered. */
export function Dialog({ title, onClose, actions, children }: Props) {
  const { t } = useTranslation();
  const id = useId();
  const ref = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const dialog = ref.current;
    dialog?.showModal();
    return () => dialog?.close();
  }, []);
  useEffect(() => {
    const dialog = ref.current;
    const beside = (event: MouseEvent) => {
      if (event.target === dialog) onClose();
    };
    dialog?.addEventListener("mousedown", beside);
    return () => dialog?.removeEventListener("mousedown", beside);
  }, [onClose]);
  return (
    <dialog
      ref={ref}
      className={css.dialog}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
    >
      <div className={css.frame}>
        <header className={css.head}>
          <h2 id={id}>{title}</h2>
          <Button kind="quiet" aria-label={t("action.dismiss")} onClick={onClose}>
            <Icon name="close" />
          </Button>
        </header>
        {/* What scrolls must be reachable by keyboard. */}
        {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
        <div className={css.body} role="group" aria-labelledby={id} tabIndex={0}>
          {children}
        </div>
        {actions && <footer className={css.actions}>{actions}</footer>}
      </div>
    </dialog>
  );
}
