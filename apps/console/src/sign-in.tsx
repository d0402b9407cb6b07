// The sign-in: at the organisation where there is one, or by a token as the service's issuer gives it out. The token is
// kept for this tab only, and forgotten with it.

import { useEffect, useState } from 'preact/hooks';
import { Fault } from './faults.tsx';
import { beginSignIn, type Provider, readProvider } from './organisation.ts';
import { Input } from './parts/field.tsx';

interface SignInProps {
  why: string | undefined;
  /** What became of coming back from the organisation. */
  refused: unknown;
  signIn(token: string): Promise<void>;
}

const INSECURE =
  'This page was not loaded over HTTPS. Browsers then refuse what the console needs to move points safely.';

export function SignIn({ why, refused, signIn }: SignInProps) {
  const [token, setToken] = useState('');
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState<unknown>(refused);
  const [provider, setProvider] = useState<Provider | null>(null);
  useEffect(() => {
    // Without an answer there is the token, and the service says what is wrong.
    readProvider().then(setProvider, () => {});
  }, []);
  const leave = (to: Provider) => {
    setBusy(true);
    setFault(undefined);
    beginSignIn(to).catch((why) => {
      setFault(why);
      setBusy(false);
    });
  };
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
      {provider !== null && (
        <div class="organisation">
          <button type="button" class="primary" disabled={busy} onClick={() => leave(provider)}>
            Sign in with your organisation
          </button>
          <p class="quiet">or with a token</p>
        </div>
      )}
      <form onSubmit={submit}>
        <Input label="Token" type="password" value={token} onChange={setToken} autoFocus required />
        <button type="submit" class={provider === null ? 'primary' : ''} disabled={busy}>
          {busy ? 'Signing in …' : 'Sign in'}
        </button>
      </form>
      <Fault of={fault} />
    </main>
  );
}
