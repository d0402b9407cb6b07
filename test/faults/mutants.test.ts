// The planted bugs fit the sources as they are. Whether each is found takes minutes: `npm run test:mutants`.

import { mutants } from './mutants/mutants.ts';
import { copySources, type Sources } from './mutants/sources.ts';

describe('the planted bugs', () => {
  let sources: Sources;
  before(() => {
    sources = copySources();
  });
  after(() => sources.remove());

  for (const { name, patches } of mutants) it(`can be planted: ${name}`, () => sources.plant(patches));
});
