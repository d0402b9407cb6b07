// Sends one webhook and says what came back: signed as Standard Webhooks says (https://www.standardwebhooks.com), within
// a time limit, to public addresses, following no redirect and reading no more of the answer than a line. Throws nothing.

import { createHmac, randomBytes } from 'node:crypto';
import { type IncomingMessage, Agent as PlainAgent, request as requestPlain } from 'node:http';
import { Agent, request as requestTls } from 'node:https';
import { AddressRefusedError, publicLookup, type Resolve, webhookUrlFault } from './webhook-address.ts';

const TIMEOUT_MS = 10_000;
/** What is read of an answer. */
const MAX_ANSWER_BYTES = 1_024;
const IDLE_MS = 4_000;

const SECRET_BYTES = 32;

export function newWebhookSecret(): string {
  return `whsec_${randomBytes(SECRET_BYTES).toString('base64')}`;
}

/** One signature for each secret, so that a receiver may have either while one is being changed. */
export function signWebhook({ id, timestamp_s, body }: Signed, secrets: readonly string[]): string {
  const signatures = secrets.map((secret) => {
    const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
    return `v1,${createHmac('sha256', key).update(`${id}.${timestamp_s}.${body}`).digest('base64')}`;
  });
  return signatures.join(' ');
}

interface Signed {
  id: string;
  timestamp_s: number;
  body: string;
}

export interface OutgoingWebhook {
  url: string;
  /** The same each time it is sent. */
  id: string;
  body: string;
  /** The current one first. */
  secrets: readonly string[];
}

export interface WebhookAnswer {
  /** Null: there was no answer. */
  status: number | null;
  /** Why there was none: `timeout`, `address_refused`, or what Node calls it, such as ECONNREFUSED. */
  error: string | null;
  /** As the header says it. */
  retry_after: string | undefined;
  /** The beginning of the answer's body. */
  text: string;
  duration_ms: number;
}

export interface SenderOptions {
  /** http and private addresses as well: for development. */
  allow_private: boolean;
  /** Of the service, for the header User-Agent. */
  version: string;
  timeout_ms?: number;
  /** Asks the name servers; for tests. */
  resolve?: Resolve;
}

export interface WebhookSender {
  send(webhook: OutgoingWebhook): Promise<WebhookAnswer>;
  /** Closes the connections that are kept open. */
  close(): void;
}

interface Answered {
  status: number;
  retry_after: string | undefined;
  text: string;
}

export function createWebhookSender(options: SenderOptions): WebhookSender {
  const { allow_private, timeout_ms = TIMEOUT_MS, resolve } = options;
  const kept = { keepAlive: true, maxFreeSockets: 8, timeout: IDLE_MS };
  const guard = allow_private ? {} : { lookup: publicLookup(resolve) };
  const agents = {
    'https:': new Agent({ ...kept, ...guard }),
    'http:': new PlainAgent({ ...kept, ...guard }),
  };

  function post(url: URL, webhook: OutgoingWebhook, signal: AbortSignal): Promise<Answered> {
    const plain = url.protocol === 'http:';
    return new Promise((resolve, reject) => {
      const request = (plain ? requestPlain : requestTls)(url, {
        ...{ method: 'POST', signal, agent: agents[plain ? 'http:' : 'https:'] },
        headers: headersOf(webhook, `customer-service/${options.version}`),
      });
      let answered = false;
      request.once('response', (response) => {
        answered = true;
        void readAnswer(response).then(resolve);
      });
      request.on('error', (error: NodeJS.ErrnoException) => {
        if (answered) return;
        // The other side has closed a connection that was kept open, just as it was used.
        if (request.reusedSocket && error.code === 'ECONNRESET') post(url, webhook, signal).then(resolve, reject);
        else reject(error);
      });
      request.end(webhook.body);
    });
  }

  return {
    send: async (webhook) => {
      const started = performance.now();
      const fault = webhookUrlFault(webhook.url, allow_private);
      const answer =
        fault === undefined
          ? post(new URL(webhook.url), webhook, AbortSignal.timeout(timeout_ms))
          : Promise.reject(new AddressRefusedError(fault));
      const found = await answer.then(
        (answered) => ({ ...answered, error: null }),
        (error) => ({ status: null, error: nameOf(error), retry_after: undefined, text: '' }),
      );
      return { ...found, duration_ms: Math.round(performance.now() - started) };
    },
    close: () => {
      for (const agent of Object.values(agents)) agent.destroy();
    },
  };
}

function headersOf({ id, body, secrets }: OutgoingWebhook, user_agent: string): Record<string, string | number> {
  const timestamp_s = Math.floor(Date.now() / 1_000);
  return {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(body),
    'User-Agent': user_agent,
    'webhook-id': id,
    'webhook-timestamp': timestamp_s,
    'webhook-signature': signWebhook({ id, timestamp_s, body }, secrets),
  };
}

/** The status is the answer: a body that is long, slow or cut changes nothing of it. */
function readAnswer(response: IncomingMessage): Promise<Answered> {
  const { statusCode: status = 0, headers } = response;
  const chunks: Buffer[] = [];
  let bytes = 0;
  return new Promise((resolve) => {
    const done = () => {
      const text = Buffer.concat(chunks).subarray(0, MAX_ANSWER_BYTES).toString('utf8');
      resolve({ status, retry_after: headers['retry-after'], text });
    };
    response.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes > MAX_ANSWER_BYTES) response.destroy();
    });
    response.once('error', done);
    response.once('close', done);
  });
}

/** Never a message, which may name an address or what a certificate says. */
function nameOf(error: NodeJS.ErrnoException): string {
  if (error.name === 'AbortError' || error.name === 'TimeoutError') return 'timeout';
  if (error instanceof AddressRefusedError) return 'address_refused';
  return error.code ?? 'no_answer';
}
