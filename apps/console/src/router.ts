// Where one is: the part of the address after `#`, which no server and no log ever sees.

import { useEffect, useState } from 'preact/hooks';

/** `#/customers/7/x` is `['customers', '7', 'x']`. */
export type Place = readonly string[];

export function placeOf(hash: string): Place {
  return hash
    .replace(/^#?\/?/, '')
    .split('/')
    .filter((part) => part !== '')
    .map(decode);
}

/** What somebody mistyped is a place that isn't there, and no fault. */
function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

export const linkTo = (...place: Place): string => `#/${place.map(encodeURIComponent).join('/')}`;

export function goTo(...place: Place): void {
  location.hash = linkTo(...place);
}

/** The same place under another name, which "back" does not lead to. */
export function replacePlace(...place: Place): void {
  location.replace(linkTo(...place));
}

export function usePlace(): Place {
  const [place, setPlace] = useState(() => placeOf(location.hash));
  useEffect(() => {
    const follow = () => setPlace(placeOf(location.hash));
    addEventListener('hashchange', follow);
    return () => removeEventListener('hashchange', follow);
  }, []);
  return place;
}
