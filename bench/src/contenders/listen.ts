// What the contenders that speak HTTP have in common.

import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type Koa from 'koa';
import { serve } from '../child.ts';

export async function readBody(request: IncomingMessage): Promise<Record<string, unknown>> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return JSON.parse(Buffer.concat(chunks).toString('utf8'));
}

export function listenAnywhere(app: Pick<Koa, 'listen'>, handlers = {}): void {
  const server = app.listen(0, '127.0.0.1', () => {
    serve(handlers, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  });
}
