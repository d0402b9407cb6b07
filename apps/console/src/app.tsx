// The console: who is signed in, and the page of the place one is at.

import { AuthenticationError } from '@customer-service/client';
import { useEffect, useState } from 'preact/hooks';
import { finishSignIn, type Return, readProvider, SignInRefused, takeReturn } from './organisation.ts';
import { pageAt } from './pages.tsx';
import { usePlace } from './router.ts';
import { forgetToken, openSession, rememberedToken, rememberToken, type Session, SessionContext } from './session.ts';
import { Shell } from './shell.tsx';
import { SignIn } from './sign-in.tsx';

export function App() {
  const [session, setSession] = useState<Session | null>(null);
  const [returned] = useState(takeReturn);
  const [resuming, setResuming] = useState(returned !== null || rememberedToken() !== null);
  const [why, setWhy] = useState<string>();
  const [refused, setRefused] = useState<unknown>();
  const place = usePlace();

  const end = (reason?: string) => {
    forgetToken();
    setSession(null);
    setWhy(reason);
  };
  const signIn = async (token: string) => {
    const opened = await openSession(token, end);
    rememberToken(token);
    setSession(opened);
    setWhy(undefined);
    setRefused(undefined);
  };
  useEffect(() => {
    if (returned !== null) {
      comeBack(returned)
        .then(signIn)
        .catch(setRefused)
        .finally(() => setResuming(false));
      return;
    }
    const token = rememberedToken();
    if (token === null) return;
    signIn(token)
      .catch((fault) => {
        if (fault instanceof AuthenticationError) end('The token is over. Sign in again to go on.');
        else setWhy('The service does not answer. Sign in again once it does.');
      })
      .finally(() => setResuming(false));
  }, []);

  if (resuming) return <p class="quiet alone">Loading …</p>;
  if (session === null) return <SignIn why={why} refused={refused} signIn={signIn} />;
  return (
    <SessionContext.Provider value={session}>
      <Shell place={place}>{pageAt(place, session)}</Shell>
    </SessionContext.Provider>
  );
}

async function comeBack(returned: Return): Promise<string> {
  const provider = await readProvider();
  if (provider === null) throw new SignInRefused('This service knows no organisation to sign in with.');
  return finishSignIn(provider, returned);
}
