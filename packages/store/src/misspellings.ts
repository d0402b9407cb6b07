// Every spelling that is one slip away from a word: a letter too many, too few, another one, or two exchanged. Some 500
// for a long word, which an index looks up in no time however many names there are. Pure.

const LETTERS = [...'abcdefghijklmnopqrstuvwxyz'];

/** @param word folded; only a word of three letters or more has misspellings: shorter ones are too much like others */
export function misspellings(word: string): string[] {
  if (!/^\p{L}{3,40}$/u.test(word)) return [];
  const letters = [...word];
  const spelt = new Set<string>();
  for (let at = 0; at <= letters.length; at += 1) {
    const [before, letter = '', next = ''] = [letters.slice(0, at).join(''), letters[at], letters[at + 1]];
    const after = letters.slice(at + 1).join('');
    spelt.add(before + after);
    spelt.add(before + next + letter + letters.slice(at + 2).join(''));
    for (const other of LETTERS) {
      spelt.add(before + other + after);
      spelt.add(before + other + letter + after);
    }
  }
  spelt.delete(word);
  return [...spelt];
}
