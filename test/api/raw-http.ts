// Requests as they are on the wire: header lines in any number and form, bodies of any bytes, nothing added but Host.

import { request as httpRequest, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import type { Response } from '../helpers/service.ts';

export interface RawRequest {
  method: string;
  path: string;
  /** Name and value of each line, in order. */
  headers?: [name: string, value: string][];
  body?: string | Uint8Array;
}

export interface RawResponse extends Response {
  text: string;
}

/** Sends one request on a connection of its own. */
export function sendRaw(url: string, { method, path, headers = [], body }: RawRequest): Promise<RawResponse> {
  const { hostname, port, host } = new URL(url);
  const bytes = body === undefined ? undefined : Buffer.from(body as string);
  const given = new Set(headers.map(([name]) => name.toLowerCase()));
  const lines: [string, string][] = [['Host', host], ...headers];
  if (bytes && !given.has('transfer-encoding')) lines.push(['Content-Length', String(bytes.length)]);
  return new Promise((resolve, reject) => {
    const options = { hostname, port, method, path, headers: lines.flat(), agent: false } as const;
    const sent = httpRequest(options, (response) => readAnswer(response).then(resolve, reject));
    sent.on('error', reject);
    sent.end(bytes);
  });
}

async function readAnswer(response: IncomingMessage): Promise<RawResponse> {
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) text += chunk;
  const headers = new Headers();
  for (let index = 0; index < response.rawHeaders.length; index += 2)
    headers.append(response.rawHeaders[index] as string, response.rawHeaders[index + 1] as string);
  const json = text !== '' && /json/.test(headers.get('content-type') ?? '');
  return { status: response.statusCode as number, headers, text, body: json ? JSON.parse(text) : text };
}

/** Writes bytes that need not be HTTP at all. @returns everything that came back until the server closed */
export function sendBytes(url: string, bytes: string): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect({ host: hostname, port: Number(port) }, () => socket.write(bytes, 'latin1'));
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => {
      answer += chunk;
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(answer));
  });
}
