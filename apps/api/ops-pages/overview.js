import { createChart } from '/ops/assets/charts.js';

const EVERY_MS = 2_000;
/** Settling begins some seconds after something is due, and takes a while when much is due at once. */
const SETTLED_LATE_S = 60;
/** A worker folds 2,000 rows several times a second. */
const UNFOLDED_MANY = 10_000;
/** As `status` of the command line has them. */
const SENT_LATE_S = 60;
const UNDELIVERED_S = 3_600;
const PUBLISHED_LATE_S = 300;
const byId = (id) => document.getElementById(id);
let minutes = 15;

const number = new Intl.NumberFormat('en');
const count = (value) => number.format(Math.round(value));
const share = (value) => (value === null ? '–' : `${Math.round(value * 100)} %`);
const seconds = (value) => {
  if (value === null || value === undefined) return '–';
  if (value < 1) return `${Math.round(value * 1_000)} ms`;
  if (value < 120) return `${value.toFixed(value < 10 ? 1 : 0)} s`;
  return value < 7_200 ? `${Math.round(value / 60)} min` : `${Math.round(value / 3_600)} h`;
};
const ago = (passed_s) => (passed_s < 1.5 ? 'just now' : `${seconds(passed_s)} ago`);
const since = (moment) => ago((Date.now() - Date.parse(moment)) / 1_000);
/** `3 waiting · 1 failed`; states without any are left out. */
const states = (counts, names) =>
  names
    .filter((name) => counts[name] > 0)
    .map((name) => `${count(counts[name])} ${name}`)
    .join(' · ') || 'empty';

const showFlow = createChart(
  byId('flow'),
  [
    { label: 'Accepted', colour: '--accepted' },
    { label: 'Applied', colour: '--applied', fill: true },
    { label: 'Rejected', colour: '--rejected' },
  ],
  count,
);
const showLatency = createChart(
  byId('latency'),
  [
    { label: 'p50', colour: '--applied', points: true },
    { label: 'p99', colour: '--rejected', points: true },
  ],
  seconds,
);

/** Texts are set as text: whatever a name or a reason holds, it is no markup. */
function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === 'onclick') made.addEventListener('click', value);
    else if (value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

function tile(label, value, { level = 'ok', note = '' } = {}) {
  return element(
    'div',
    { class: 'tile', 'data-level': level, 'data-tile': label },
    element('span', { class: 'label' }, label),
    element('strong', {}, value),
    element('span', { class: 'quiet' }, note),
  );
}

function table(heads, lines, empty) {
  if (lines.length === 0) return element('p', { class: 'quiet' }, empty);
  const row = (cells, tag) => element('tr', {}, ...cells.map((cell) => element(tag, {}, cell)));
  const body = element('tbody', {}, ...lines.map((cells) => row(cells, 'td')));
  return element('div', { class: 'scroll' }, element('table', {}, element('thead', {}, row(heads, 'th')), body));
}

const dot = (level, title) => element('span', { class: 'dot', 'data-level': level, title });

/** What there is, how it is with it, and what can be done about it: `{ level?, name, state, action? }` each. */
function list(items, empty) {
  if (items.length === 0) return element('p', { class: 'quiet' }, empty);
  const item = ({ level, name, state, action }) => {
    const words = element('div', {}, name, element('span', { class: 'quiet' }, state));
    return element('li', {}, level ? dot(level) : '', words, action || '');
  };
  return element('ul', { class: 'list' }, ...items.map(item));
}

async function act(button, path) {
  button.disabled = true;
  const answer = await fetch(path, { method: 'POST' }).catch(() => null);
  if (answer?.status === 401) return location.assign('/ops/login');
  if (!answer?.ok) button.title = (await answer?.json().catch(() => null))?.detail ?? 'The service does not answer.';
  await refresh();
  button.disabled = false;
}

const button = (label, path) => {
  const made = element('button', { type: 'button', onclick: () => act(made, path) }, label);
  return made;
};

/** The worst there is to say, in one sentence. */
function verdict(found) {
  if (found.database.status === 'down') return ['bad', 'PostgreSQL does not answer: nothing can be accepted.'];
  const workers = found.processes.filter(({ service, alive }) => service === 'worker' && alive).length;
  const age = found.backlog.oldest_age_s;
  if (workers === 0) return ['bad', 'No worker is alive: what is accepted waits.'];
  if (age > 5) return ['bad', `Points are late: the oldest transaction has waited ${seconds(age)}.`];
  if ((found.reconciled?.differences ?? 0) > 0) return ['bad', 'The last reconciliation found differences.'];
  if (found.quarantined.length > 0) return ['warn', 'Points are flowing, but not for customers in quarantine.'];
  if (found.queue.status === 'down')
    return ['warn', 'The queue is away; the sweep applies everything, a little later.'];
  if (found.sweep_share > 0.5) return ['warn', 'The sweep finds more than the queue announces.'];
  if (found.upkeep.settling_overdue_s > SETTLED_LATE_S) return ['warn', 'Points are flowing, but what lapses is late.'];
  if (found.upkeep.oldest_unpublished_s > PUBLISHED_LATE_S)
    return ['warn', 'Points are flowing, but other systems are told late.'];
  if (found.queue.counts.failed > 0) return ['warn', 'Points are flowing; some jobs have failed.'];
  return ['ok', 'Points are flowing.'];
}

function showTiles(found) {
  const minute = found.last_minute ?? { accepted: 0, applied: 0, rejected: 0 };
  const { counts } = found.queue;
  const age = found.backlog?.oldest_age_s ?? null;
  const level = (bad, warn) => (bad ? 'bad' : warn ? 'warn' : 'ok');
  byId('tiles').replaceChildren(
    tile('Accepted', count(minute.accepted), { note: 'in the last minute' }),
    tile('Applied', count(minute.applied), { note: 'in the last minute' }),
    tile('Rejected', count(minute.rejected), { note: 'in the last minute' }),
    tile('Pending', found.backlog ? count(found.backlog.pending) : '–', {
      level: level(age > 5, age > 1),
      note: age > 0 ? `oldest ${seconds(age)}` : 'nothing waits',
    }),
    tile('Swept', share(found.sweep_share ?? null), {
      level: level(false, found.sweep_share > 0.5),
      note: 'in 5 minutes, unannounced',
    }),
    tile('Queue', counts ? count(counts.waiting + counts.active + counts.delayed) : 'away', {
      level: level(false, counts === null || found.queue.paused || counts.failed > 0),
      note: counts
        ? `${found.queue.paused ? 'paused · ' : ''}${states(counts, ['waiting', 'active', 'delayed', 'failed'])}`
        : found.queue.backend,
    }),
    tile('PostgreSQL', found.database.status, {
      level: level(found.database.status === 'down'),
      note: seconds(found.database.answered_ms / 1_000),
    }),
    tile(
      found.queue.backend === 'redis' ? 'Redis' : 'Queue backend',
      found.queue.backend === 'redis' ? found.queue.status : 'PostgreSQL',
      {
        level: level(false, found.queue.status === 'down'),
        note: found.queue.answered_ms === undefined ? '' : seconds(found.queue.answered_ms / 1_000),
      },
    ),
  );
}

/** A step in which nothing happened is a zero, not a gap. */
function showCharts({ steps, range, as_of }) {
  const step = range.step_s;
  // The step under way is not full yet, and would look like a fall.
  const end = (Math.floor(Date.parse(as_of) / 1_000 / step) - 1) * step;
  const known = new Map(steps.map((each) => [Date.parse(each.at) / 1_000, each]));
  const times = Array.from(
    { length: (range.minutes * 60) / step },
    (_, index) => end - (range.minutes * 60 - step) + index * step,
  );
  const line = (read) => times.map((at) => read(known.get(at)));
  const rate = (field) => line((each) => ((each?.[field] ?? 0) * 60) / step);
  showFlow([times, rate('accepted'), rate('applied'), rate('rejected')]);
  showLatency([times, line((each) => each?.latency_p50_s ?? null), line((each) => each?.latency_p99_s ?? null)]);
}

function showLists(found) {
  byId('processes').replaceChildren(
    table(
      ['', 'Process', 'Version', 'Up', 'Heartbeat'],
      found.processes.map((each) => [
        dot(each.alive ? 'ok' : 'bad', each.alive ? 'alive' : 'silent'),
        `${each.service} ${each.host}:${each.pid}`,
        each.version,
        seconds((Date.parse(found.as_of) - Date.parse(each.started_at)) / 1_000),
        each.alive ? ago(each.silent_s) : `silent for ${seconds(each.silent_s)}`,
      ]),
      'No process has told of itself.',
    ),
  );
  byId('quarantine').replaceChildren(
    list(
      found.quarantined.map((each) => ({
        name: element('code', {}, each.customer_id),
        state: `${each.fault} · ${count(each.pending)} waiting · ${since(each.quarantined_at)}`,
        action: found.may_operate && button('Release', `/ops/quarantine/${each.customer_id}/release`),
      })),
      'Nobody.',
    ),
  );
  byId('failed').replaceChildren(
    list(
      found.queue.failed.map((each) => ({
        name: element(
          'a',
          { href: `/ops/queues/queue/loyalty/${encodeURIComponent(each.id)}` },
          `${each.type} ${each.id.slice(0, 8)}`,
        ),
        state: [each.reason, each.failed_at && since(each.failed_at)].filter(Boolean).join(' · '),
        action: found.may_operate && button('Retry', `/ops/failed/${encodeURIComponent(each.id)}/retry`),
      })),
      'None.',
    ),
  );
  showBackground(found);
}

function describeWebhooks({ endpoints, waiting, oldest_waiting_s, gone }) {
  if (endpoints === 0) return 'no endpoint';
  const left =
    waiting === 0 ? 'nothing waits' : `${count(waiting)} to deliver, the oldest ${seconds(oldest_waiting_s)} old`;
  return gone === 0 ? left : `${left} · ${count(gone)} answered 410`;
}

/** What workers do by themselves, whoever posts or not. */
function showBackground({ reconciled: last, upkeep, webhooks, reconciling, may_operate }) {
  const { settling_overdue_s: overdue, unfolded, oldest_unpublished_s: unpublished } = upkeep;
  const found = last && `${count(last.accounts)} accounts, ${count(last.differences)} differences`;
  byId('background').replaceChildren(
    list([
      {
        level: last ? (last.differences === 0 ? 'ok' : 'bad') : 'unknown',
        name: 'Comparing accounts with their ledgers',
        state: reconciling ? 'under way …' : last ? `${found}, ${since(last.finished_at)}` : 'not yet',
        action: may_operate && !reconciling && button('Reconcile now', '/ops/reconcile'),
      },
      {
        level: overdue > SETTLED_LATE_S ? 'warn' : 'ok',
        name: 'Settling lots, holds and tiers',
        state: overdue > SETTLED_LATE_S ? `${seconds(overdue)} overdue` : 'up to date',
      },
      {
        level: unfolded > UNFOLDED_MANY ? 'warn' : 'ok',
        name: 'Folding analytics',
        state: unfolded > UNFOLDED_MANY ? `${count(unfolded)} rows to fold` : 'up to date',
      },
      {
        level:
          webhooks.overdue_s > SENT_LATE_S || webhooks.oldest_waiting_s > UNDELIVERED_S || webhooks.gone > 0
            ? 'warn'
            : 'ok',
        name: 'Sending webhooks',
        state: describeWebhooks(webhooks),
      },
      {
        level: unpublished > PUBLISHED_LATE_S ? 'warn' : 'ok',
        name: 'Publishing events',
        state: unpublished > PUBLISHED_LATE_S ? `${seconds(unpublished)} behind` : 'up to date',
      },
    ]),
  );
}

async function refresh() {
  const answer = await fetch(`/ops/overview.json?minutes=${minutes}`).catch(() => null);
  if (answer?.status === 401) return location.assign('/ops/login');
  const found = answer?.ok ? await answer.json() : null;
  const [level, sentence] = found ? verdict(found) : ['bad', 'This page gets no answer.'];
  byId('verdict').dataset.level = level;
  byId('verdict').textContent = sentence;
  if (found === null) return;
  showTiles(found);
  byId('as-of').textContent = `As of ${new Date(found.as_of).toLocaleTimeString('en-GB')}`;
  byId('version').textContent = `· version ${found.version}`;
  if (found.database.status === 'down') return;
  showCharts(found);
  // A button under somebody's finger must not be exchanged for another.
  if (!document.querySelector('main button:active')) showLists(found);
}

for (const choice of document.querySelectorAll('[data-minutes]')) {
  choice.addEventListener('click', () => {
    minutes = Number(choice.dataset.minutes);
    for (const each of document.querySelectorAll('[data-minutes]'))
      each.setAttribute('aria-pressed', String(each === choice));
    void refresh();
  });
}
byId('logout').addEventListener('click', async () => {
  await fetch('/ops/logout', { method: 'POST' });
  location.assign('/ops/login');
});

async function watch() {
  if (!document.hidden) await refresh();
  setTimeout(watch, EVERY_MS);
}
void watch();
