// A receiver of webhooks: believes what is signed, keeps each event in a file under its id, and answers at once. What comes
// again is known by its file. Whatever takes longer than that is done by another program, which empties the folder.
//   SECRET=whsec_… PORT=4000 INBOX=inbox npm run webhook-receiver -w examples

import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { verifyWebhook, WebhookVerificationError } from '@customer-service/client';

// While a secret is being changed: both, with a comma between them.
const { SECRET = '', PORT = '4000', INBOX = 'inbox' } = process.env;
const MAX_BYTES = 1_000_000;
mkdirSync(INBOX, { recursive: true });

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += chunk.length;
    if (bytes > MAX_BYTES) throw new WebhookVerificationError('longer than any webhook');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

async function receive(request: IncomingMessage): Promise<void> {
  const received = { headers: request.headers, body: await bodyOf(request), secret: SECRET.split(',') };
  const { id, event } = await verifyWebhook<{ type: string }>(received);
  const file = join(INBOX, `${id}.json`);
  if (existsSync(file)) return console.log(`${event.type} ${id} has come before`);
  // Whole or not at all, whatever happens to this process meanwhile.
  writeFileSync(`${file}.part`, JSON.stringify(event), { flush: true });
  renameSync(`${file}.part`, file);
  console.log(`${event.type} ${id}`);
}

const server = createServer((request, response) => {
  receive(request).then(
    () => response.writeHead(204).end(),
    // 400: that was none of ours. 500: it was, and comes again later.
    (fault) => response.writeHead(fault instanceof WebhookVerificationError ? 400 : 500).end(fault.message),
  );
});
server.listen(Number(PORT), () => console.log(`Listening on port ${PORT}`));
