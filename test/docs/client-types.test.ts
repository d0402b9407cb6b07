// The types of packages/client are those of docs/openapi.json. `npm run openapi` writes them anew.

import { readFileSync, writeFileSync } from 'node:fs';
import { expect } from 'chai';
import { clientTypes } from '../../scripts/client-types.ts';

const DOCUMENT = new URL('../../docs/openapi.json', import.meta.url);
const FILE = new URL('../../packages/client/src/contract.ts', import.meta.url);

describe('packages/client/src/contract.ts', () => {
  it('is made of the document that the API serves', async () => {
    const made = await clientTypes(JSON.parse(readFileSync(DOCUMENT, 'utf8')));
    if (process.env.WRITE) writeFileSync(FILE, made);
    const same = readFileSync(FILE, 'utf8') === made;
    expect(same, 'the contract has changed: run `npm run openapi` and look at the difference').to.equal(true);
  });
});
