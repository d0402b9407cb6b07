// What went wrong, in words: a refusal as the service explains it, and what to do when there was no answer.

import {
  AuthenticationError,
  NoAnswerError,
  PermissionError,
  ProblemError,
  type ProblemField,
} from '@customer-service/client';
import { words } from './format.ts';
import { SignInRefused } from './organisation.ts';
import { NotForThisDesk } from './session.ts';

interface Told {
  title: string;
  detail: string;
  fields: readonly ProblemField[];
  code: string | null;
}

function tell(fault: unknown): Told {
  const plain = { fields: [], code: null };
  if (fault instanceof NoAnswerError) {
    const detail =
      'The service does not answer. What was sent may have arrived: sending the same again books nothing twice.';
    return { ...plain, title: 'No connection', detail };
  }
  if (fault instanceof AuthenticationError) {
    const detail = 'It may be over, cut short, or of another service.';
    return { ...plain, title: 'This token is not accepted', detail };
  }
  if (fault instanceof SignInRefused) {
    return { ...plain, title: 'You are not signed in', detail: `${fault.message} Try it again from the beginning.` };
  }
  if (fault instanceof NotForThisDesk) return { ...plain, title: fault.message, detail: '' };
  if (fault instanceof PermissionError) return { ...plain, title: 'Your role may not do this', detail: fault.detail };
  if (fault instanceof ProblemError) {
    const { title, detail, errors, code } = fault;
    return { title, detail: detail === title ? '' : detail, fields: errors, code };
  }
  return { ...plain, title: 'Something went wrong in this page', detail: String(fault) };
}

/** `/preferences/allergies/0` as "Preferences › allergies › 1". */
function fieldName({ pointer, parameter }: ProblemField): string {
  const parts = (pointer ?? parameter ?? '').split('/').filter((part) => part !== '');
  return words(parts.map((part) => (/^\d+$/.test(part) ? String(Number(part) + 1) : part)).join(' › '));
}

export function Fault({ of: fault, onRetry }: { of: unknown; onRetry?: () => void }) {
  if (fault === undefined) return null;
  const { title, detail, fields, code } = tell(fault);
  return (
    <div class="notice bad" role="alert">
      <strong>{title}</strong>
      {detail && <p>{detail}</p>}
      {fields.length > 0 && (
        <ul>
          {fields.map((field) => (
            <li key={`${field.pointer}${field.code}`}>
              <b>{fieldName(field)}</b> {field.detail}
            </li>
          ))}
        </ul>
      )}
      {code && code !== 'unknown' && (
        <p>
          <a href={`/problems/${encodeURIComponent(code)}`} target="_blank" rel="noreferrer">
            What this means (new window)
          </a>
        </p>
      )}
      {onRetry && (
        <button type="button" onClick={onRetry}>
          Try again
        </button>
      )}
    </div>
  );
}
