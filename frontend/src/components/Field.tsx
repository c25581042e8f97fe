import { useId, type InputHTMLAttributes, type ReactNode, type SelectHTMLAttributes, type TextareaHTMLAttributes } from "react";
import css from "./Field.module.css";

interface Labelled {
  label: string;
  hint?: ReactNode;
  error?: string;
}

/** Attributes that connect a control with its label, hint and error. */
function useLabels({ hint, error }: Labelled) {
  const id = useId();
  const described = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(" ") || undefined;
  return { id, props: { id, "aria-describedby": described, "aria-invalid": error ? true : undefined, className: css.control } };
}

function Frame({ id, label, hint, error, children }: Labelled & { id: string; children: ReactNode }) {
  return (
    <div className={css.field}>
      <label htmlFor={id}>{label}</label>
      {children}
      {hint && (
        <p id={`${id}-hint`} className={css.hint}>
          {hint}
        </p>
      )}
      {error && (
        <p id={`${id}-error`} className={css.error}>
          {error}
        </p>
      )}
    </div>
  );
}

export function TextField({ label, hint, error, ...rest }: Labelled & InputHTMLAttributes<HTMLInputElement>) {
  const { id, props } = useLabels({ label, hint, error });
  return (
    <Frame id={id} label={label} hint={hint} error={error}>
      <input {...props} {...rest} />
    </Frame>
  );
}

export function TextArea({ label, hint, error, ...rest }: Labelled & TextareaHTMLAttributes<HTMLTextAreaElement>) {
  const { id, props } = useLabels({ label, hint, error });
  return (
    <Frame id={id} label={label} hint={hint} error={error}>
      <textarea {...props} {...rest} />
    </Frame>
  );
}

interface Choice {
  value: string;
  label: string;
}

export function Select({ label, hint, error, choices, ...rest }: Labelled & { choices: readonly Choice[] } & SelectHTMLAttributes<HTMLSelectElement>) {
  const { id, props } = useLabels({ label, hint, error });
  return (
    <Frame id={id} label={label} hint={hint} error={error}>
      <select {...props} {...rest}>
        {choices.map(({ value, label: text }) => (
          <option key={value} value={value}>
            {text}
          </option>
        ))}
      </select>
    </Frame>
  );
}
