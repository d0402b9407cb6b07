// The sign-in: a token, as the service's issuer gives it out. It is kept for this tab only, and forgotten with it.

import { useState } from 'preact/hooks';
import { Fault } from './faults.tsx';
import { Input } from './parts/field.tsx';

interface SignInProps {
  why: string | undefined;
  signIn(token: string): Promise<void>;
}

const INSECURE =
  'This page was not loaded over HTTPS. Browsers then refuse what the console needs to move points safely.';

export function SignIn({ why, signIn }: SignInProps) {
  const [token, setToken] = useState('');
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState<unknown>();
  const submit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    setFault(undefined);
    // Perhaps the whole header was copied.
    const given = token.trim().replace(/^Bearer\s+/i, '');
    await signIn(given).catch(setFault);
    setBusy(false);
  };
  return (
    <main class="sign-in">
      <h1>Customer Service</h1>
      <p class="quiet">The console for the people at the desk.</p>
      {why && (
        <div class="notice" role="status">
          {why}
        </div>
      )}
      {!isSecureContext && <div class="notice bad">{INSECURE}</div>}
      <form onSubmit={submit}>
        <Input label="Token" type="password" value={token} onChange={setToken} autoFocus required />
        <button type="submit" class="primary" disabled={busy}>
          {busy ? 'Signing in …' : 'Sign in'}
        </button>
      </form>
      <Fault of={fault} />
    </main>
  );
}
