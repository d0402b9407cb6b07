// The files of apps/console as its build left them: nothing else, and nothing of a folder beside it.

import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { Problem } from '../problems.ts';
import type { Answer, ApiRequest } from '../route.ts';
import { PAGE_HEADERS } from '../security-headers.ts';

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
  async page(): Promise<Answer> {
    const body = await read(new URL('index.html', built));
    if (body === undefined) return { status: 503, body: NOT_BUILT, type: HTML, headers: PAGE_HEADERS };
    return { status: 200, body, type: HTML, headers: PAGE_HEADERS };
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
