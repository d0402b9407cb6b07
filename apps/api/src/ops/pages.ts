// The few HTML pages of the API. No script and no style in the page itself: the content security policy forbids both.

import { PROBLEMS, Problem, type ProblemCode, problemDocument } from '../problems.ts';

function page(title: string, body: string, head = ''): string {
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title}</title><link rel="icon" href="data:,">${head}</head>
<body>${body}</body>
</html>
`;
}

export function docsPage(): string {
  const head = '<link rel="stylesheet" href="/docs/swagger-ui.css">';
  const scripts = '<script src="/docs/swagger-ui-bundle.js"></script><script src="/docs/start.js"></script>';
  return page('Customer Service API', `<main id="docs"></main>${scripts}`, head);
}

/** Made of the registry alone, so that every problem has its page. */
export function problemPage(code: ProblemCode): string {
  const { status, title, help } = PROBLEMS[code];
  const example = problemDocument(new Problem(code, title), { path: '/customers', request_id: 'b8348f9c-f988-42ae' });
  const body = `<h1>${title}</h1><p>${status} <code>${code}</code></p><p>${help}</p>
<h2>Example</h2><pre>${JSON.stringify(example, null, 2)}</pre>
<p><a href="/problems">All problems</a> · <a href="/docs">The API</a></p>`;
  return page(title, `<main>${body}</main>`);
}

export function problemsPage(): string {
  const rows = Object.entries(PROBLEMS).map(
    ([code, { status, title }]) =>
      `<tr><td>${status}</td><td><a href="/problems/${code}">${code}</a></td><td>${title}</td></tr>`,
  );
  return page('Problems', `<main><h1>Problems</h1><table>${rows.join('')}</table></main>`);
}
