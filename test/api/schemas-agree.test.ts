// The published JSON Schemas and the server's Joi schemas accept the same bodies: a property, on bodies that are
// almost right.

import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { expect } from 'chai';
import fc from 'fast-check';
import { importedCustomer } from '../../apps/api/src/customers/import-schemas.ts';
import { toJsonSchema } from '../../apps/api/src/json-schema.ts';
import { batchItems } from '../../apps/api/src/loyalty/schemas.ts';
import { routes } from '../../apps/api/src/routes.ts';
import { likely, type Schema } from '../helpers/near-valid.ts';

const CASES = 20_000;

describe('the published schemas', () => {
  const bodies = [
    ...routes.flatMap((route) => (route.body ? [{ name: `${route.method} ${route.path}`, joi: route.body }] : [])),
    ...Object.entries(batchItems).map(([type, joi]) => ({ name: `${type} in a batch`, joi })),
    { name: 'a customer in a batch', joi: importedCustomer },
  ].filter(({ name }) => !name.endsWith('/batch')); // Its items are checked one by one, as the rows above.
  let cases = 0;
  let accepted = 0;
  after(() => console.log(`    ${cases} bodies, ${accepted} of them accepted`));

  for (const { name, joi } of bodies) {
    it(`accept what the server accepts: ${name}`, function () {
      this.timeout(180_000);
      const ajv = new Ajv2020({ strict: false });
      (formats as unknown as (ajv: Ajv2020) => void)(ajv);
      const schema = toJsonSchema(joi);
      const published = ajv.compile(schema);
      const agree = (body: unknown) => {
        const served = joi.validate(body, { convert: false }).error;
        cases += 1;
        if (served === undefined) accepted += 1;
        if (published(body) === (served === undefined)) return;
        const reason = served?.message ?? ajv.errorsText(published.errors);
        expect.fail(`${served ? 'the server refuses' : 'the document refuses'} ${JSON.stringify(body)}: ${reason}`);
      };
      fc.assert(fc.property(likely(schema as Schema), agree), { numRuns: Math.ceil(CASES / bodies.length) });
    });
  }
});
