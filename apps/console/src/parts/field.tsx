// Fields of a form, each with its label, its hint and its fault, tied together for those who hear the page.

import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';

interface Common {
  label: string;
  value: string;
  onChange(value: string): void;
  hint?: string | undefined;
  /** What is wrong with it. */
  fault?: string | undefined;
  required?: boolean;
}

interface InputProps extends Common {
  type?: 'text' | 'password' | 'date';
  inputMode?: 'decimal' | 'numeric';
  autoFocus?: boolean;
}

/** Puts the cursor there. A dialog that opens heeds the attribute instead, which a page does only as it loads. */
const focus = (element: HTMLElement | null) => element?.focus();

export function Input({ label, value, onChange, hint, fault, autoFocus, type = 'text', ...rest }: InputProps) {
  const id = useId();
  return (
    <Labelled {...{ id, label, hint, fault }}>
      <input
        {...rest}
        {...(autoFocus && { ref: focus, autofocus: true })}
        {...describedBy(id, hint, fault)}
        id={id}
        // One of them, where the types ask which.
        type={type as 'text'}
        value={value}
        autocomplete="off"
        onInput={(event) => onChange(event.currentTarget.value)}
      />
    </Labelled>
  );
}

interface SelectProps extends Common {
  /** Value and what is shown. */
  options: readonly (readonly [value: string, label: string])[];
}

export function Select({ label, value, onChange, hint, fault, options }: SelectProps) {
  const id = useId();
  return (
    <Labelled {...{ id, label, hint, fault }}>
      <select
        {...describedBy(id, hint, fault)}
        id={id}
        value={value}
        onChange={(event) => onChange(event.currentTarget.value)}
      >
        {options.map(([key, text]) => (
          <option key={key} value={key}>
            {text}
          </option>
        ))}
      </select>
    </Labelled>
  );
}

function describedBy(id: string, hint: string | undefined, fault: string | undefined) {
  const ids = [hint && `${id}-hint`, fault && `${id}-fault`].filter(Boolean).join(' ');
  return { ...(ids !== '' && { 'aria-describedby': ids }), ...(fault && { 'aria-invalid': true }) };
}

interface LabelledProps {
  id: string;
  label: string;
  hint: string | undefined;
  fault: string | undefined;
  children: ComponentChildren;
}

function Labelled({ id, label, hint, fault, children }: LabelledProps) {
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children}
      {hint && (
        <small id={`${id}-hint`} class="quiet">
          {hint}
        </small>
      )}
      {fault && (
        <small id={`${id}-fault`} class="fault">
          {fault}
        </small>
      )}
    </div>
  );
}
