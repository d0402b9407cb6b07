// Around every page: where one can go, who is signed in, and whether the network is there.

import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { linksFor } from './pages.tsx';
import { goTo, linkTo, type Place } from './router.ts';
import { useSession } from './session.ts';

export function Shell({ place, children }: { place: Place; children: ComponentChildren }) {
  const session = useSession();
  const online = useOnline();
  useSearchKey();
  const here = place[0] ?? 'customers';
  return (
    <>
      <button type="button" class="skip" onClick={focusContent}>
        Skip to the content
      </button>
      <header>
        <strong class="brand">Customer Service</strong>
        <nav aria-label="Pages">
          {linksFor(session).map(({ name, title }) => (
            <a key={name} href={linkTo(name)} aria-current={name === here ? 'page' : undefined}>
              {title}
            </a>
          ))}
        </nav>
        <div class="who">
          <span>
            {session.me.sub} <span class="quiet">({session.me.role})</span>
          </span>
          <button type="button" onClick={() => session.end()}>
            Sign out
          </button>
        </div>
      </header>
      <div role="status">
        {!online && <div class="notice warn banner">No network. What you see may be old, and nothing can be sent.</div>}
      </div>
      <main id="content" tabIndex={-1}>
        {children}
      </main>
    </>
  );
}

const focusContent = () => document.getElementById('content')?.focus();

function useOnline(): boolean {
  const [online, setOnline] = useState(navigator.onLine);
  useEffect(() => {
    const look = () => setOnline(navigator.onLine);
    addEventListener('online', look);
    addEventListener('offline', look);
    return () => {
      removeEventListener('online', look);
      removeEventListener('offline', look);
    };
  }, []);
  return online;
}

/** `/` leads to the search from everywhere, unless one is writing. */
function useSearchKey(): void {
  useEffect(() => {
    const look = (event: KeyboardEvent) => {
      const writes =
        event.target instanceof Element && event.target.closest('input, select, textarea, dialog') !== null;
      if (event.key !== '/' || writes || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      const search = document.querySelector<HTMLInputElement>('input[type="search"]');
      if (search === null) goTo('customers');
      else search.focus();
    };
    addEventListener('keydown', look);
    return () => removeEventListener('keydown', look);
  }, []);
}
