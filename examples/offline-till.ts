// A till that sells while the network is away, and sends what it sold when it is back. A sale is first a file, with the
// key that it keeps for ever; the file goes when the service has answered. Whenever the till is killed, or an answer is
// lost, the same sales go out again under the same keys, and the service counts each once.
//   URL=… TOKEN=… npm run offline-till -w examples -- sell CUSTOMER_ID 12.50
//   URL=… TOKEN=… npm run offline-till -w examples -- send

import { randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Batch, createClient, NoAnswerError, UnavailableError } from '@customer-service/client';

const { URL: url = '', TOKEN: token = '', SALES: folder = 'sales' } = process.env;
const [command, customer_id = '', amount = ''] = process.argv.slice(2);
const service = createClient({ url, token, attempts: 3 });
const BATCH = 1_000;

function sell(): void {
  const occurred_at = new Date().toISOString();
  const idempotency_key = randomUUID();
  const purchase = { amount_minor: Math.round(Number(amount) * 100), currency: 'USD', occurred_at };
  const sale = { type: 'earn', customer_id, idempotency_key, ...purchase };
  const path = join(folder, `${occurred_at}-${idempotency_key}`.replaceAll(':', '-'));
  // Renamed when it is whole, so that no crash leaves half a sale.
  writeFileSync(path, JSON.stringify(sale), { flush: true });
  renameSync(path, `${path}.json`);
}

/** The files of the sales that were not answered yet, in the order in which they happened. */
function waiting(): string[] {
  const names = readdirSync(folder).filter((name) => name.endsWith('.json'));
  return names.sort().map((name) => join(folder, name));
}

async function send(): Promise<void> {
  for (let files = waiting(); files.length > 0; files = waiting()) {
    const sent = files.slice(0, BATCH);
    const items: Batch['items'] = sent.map((file) => JSON.parse(readFileSync(file, 'utf8')));
    const answer = await service.loyalty.batch({ items });
    for (const { index, outcome, problem } of answer.items) {
      const file = sent[index] as string;
      // What is refused will be refused again: it is kept apart, and somebody must look at it.
      if (outcome === 'refused') {
        console.error(`refused: ${problem?.detail}`);
        renameSync(file, `${file}.refused`);
      } else {
        rmSync(file, { force: true });
      }
    }
    console.log(`${answer.accepted} accepted, ${answer.replayed} were in already, ${answer.refused} refused`);
  }
}

mkdirSync(folder, { recursive: true });
if (command === 'sell') sell();
try {
  await send();
} catch (fault) {
  if (!(fault instanceof NoAnswerError || fault instanceof UnavailableError)) throw fault;
  console.log(`offline: ${waiting().length} sales wait`);
}
