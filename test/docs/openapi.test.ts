// docs/openapi.json is what the API serves, committed so that a change of the contract shows in the change that makes
// it. `npm run openapi` writes it anew.

import { readFileSync, writeFileSync } from 'node:fs';
import { expect } from 'chai';
import { openApiDocument } from '../../apps/api/src/openapi.ts';
import { routes } from '../../apps/api/src/routes.ts';

const FILE = new URL('../../docs/openapi.json', import.meta.url);
const { version } = JSON.parse(readFileSync(new URL('../../apps/api/package.json', import.meta.url), 'utf8'));

describe('docs/openapi.json', () => {
  it('is the document that the API serves', () => {
    const served = `${JSON.stringify(openApiDocument(routes, version), null, 1)}\n`;
    if (process.env.WRITE) writeFileSync(FILE, served);
    const same = readFileSync(FILE, 'utf8') === served;
    expect(same, 'the contract has changed: run `npm run openapi` and look at the difference').to.equal(true);
  });
});
