// Fields of the programme: each named after its place in the document, and with the fault that a refusal has for it. They
// keep what is written themselves; the form is read as a whole.

import { createContext } from 'preact';
import { useContext, useId } from 'preact/hooks';
import type { Kind } from './rules-form.ts';

/** By place. */
export const Faults = createContext<ReadonlyMap<string, string>>(new Map());

interface RuleProps {
  at: string;
  label: string;
  value: string | number | null | undefined;
  kind?: Kind;
  /** Of a number: how many of the document's make one of what is shown. */
  unit?: number;
  type?: 'text' | 'number' | 'datetime-local';
  /** The label is the heading of its column, and is heard only. */
  inTable?: boolean;
  hint?: string;
  placeholder?: string;
}

export function RuleField(props: RuleProps) {
  const { at, label, value, kind = 'text', unit = 1, type = 'text', inTable, hint, placeholder } = props;
  const id = useId();
  const fault = useContext(Faults).get(at);
  return (
    <div class="field">
      <label for={id} class={inTable ? 'hidden' : ''}>
        {label}
      </label>
      <input
        id={id}
        name={at}
        type={type as 'text'}
        step="any"
        data-kind={kind}
        data-unit={unit}
        placeholder={placeholder}
        defaultValue={value == null ? '' : String(typeof value === 'number' ? value / unit : value)}
        aria-describedby={`${id}-told`}
        aria-invalid={fault !== undefined}
        autocomplete="off"
      />
      <small id={`${id}-told`} class={fault ? 'fault' : 'quiet'}>
        {fault ?? hint}
      </small>
    </div>
  );
}

/** A whole number, or money, or a factor. */
export const NumberField = (props: Omit<RuleProps, 'kind' | 'type'>) => (
  <RuleField {...props} kind="number" type="number" />
);

interface ChoiceProps {
  at: string;
  label: string;
  value: string;
  options: readonly (readonly [value: string, label: string])[];
  onChange?: (value: string) => void;
}

export function ChoiceField({ at, label, value, options, onChange }: ChoiceProps) {
  const id = useId();
  const fault = useContext(Faults).get(at);
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <select
        id={id}
        name={at}
        data-kind="text"
        aria-invalid={fault !== undefined}
        onChange={(event) => onChange?.(event.currentTarget.value)}
      >
        {options.map(([key, text]) => (
          <option key={key} value={key} selected={key === value}>
            {text}
          </option>
        ))}
      </select>
      {fault && <small class="fault">{fault}</small>}
    </div>
  );
}
