// The files of apps/console as its build left them: nothing else, and nothing of a folder beside it.

import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import type { ApiConfig } from '@customer-service/runtime';
import { Problem } from '../problems.ts';
import type { Answer, ApiRequest, Services } from '../route.ts';
import { PAGE_HEADERS, pageHeadersWith } from '../security-headers.ts';

const BUILT = new URL('../../../console/dist/site/', import.meta.url);
const HTML = 'text/html; charset=utf-8';
const TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
};
/** Its name has a hash of its contents: under that name there will never be anything else. */
const FOR_EVER = { 'Cache-Control': 'public, max-age=31536000, immutable' };
const NOT_BUILT = `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Console</title></head>
<body><main><h1>The console is not built</h1><p>Run <code>npm run build</code>, or start with <code>npm start</code>,
which builds it. The API needs no console, and works.</p></main></body></html>
`;

/** @returns undefined when there is no such file */
async function read(file: URL): Promise<Buffer | undefined> {
  try {
    return await readFile(file);
  } catch (fault) {
    if ((fault as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw fault;
  }
}

/** @param built where the files are; read for each request, so that a new build is seen at once */
export const consoleIn = (built: URL) => ({
  async page(_request: ApiRequest, { config: { oidc } }: { config: Pick<ApiConfig, 'oidc'> }): Promise<Answer> {
    const headers = oidc === null ? PAGE_HEADERS : pageHeadersWith(new URL(oidc.issuer).origin);
    const body = await read(new URL('index.html', built));
    if (body === undefined) return { status: 503, body: NOT_BUILT, type: HTML, headers };
    return { status: 200, body, type: HTML, headers };
  },
  async asset(request: ApiRequest): Promise<Answer> {
    const { file = '' } = request.params;
    const type = /^[\w-]+\.\w+$/.test(file) ? TYPES[extname(file)] : undefined;
    const body = type === undefined ? undefined : await read(new URL(file, built));
    if (type === undefined || body === undefined) throw new Problem('not-found', 'There is no such file.');
    return { status: 200, body, type, headers: FOR_EVER };
  },
});

export const { page, asset } = consoleIn(BUILT);

/** What the console has to know before anybody is signed in. Nothing of it is secret. */
export const config = (_request: ApiRequest, { config: { oidc } }: Services): Answer => ({
  status: 200,
  body: { oidc },
});
