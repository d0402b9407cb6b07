// `status`: are points flowing? One look at the database, the queue and the processes, and what to do about it.

import {
  countWaiting,
  type Database,
  type DeliveryBacklog,
  type LivingProcess,
  lastReconciliation,
  listProcesses,
  type Reconciliation,
  readDeliveryBacklog,
  readUpkeep,
  type Upkeep,
  type Waiting,
} from '@customer-service/store';
import { count, list, type Report, span, Unreachable } from './report.ts';
import type { Site } from './site.ts';

/** Nothing that works waits for longer: the sweep looks twice a second. The alert says the same. */
export const OVERDUE_S = 5;

interface Finding {
  what: string;
  /** What to run, or what to know. */
  advice: string;
}

export async function status(site: Site): Promise<Report> {
  const backlog = await countWaiting(site.db);
  const processes = await livingProcesses(site.db);
  const reconciled = await lastReconciliation(site.db);
  const upkeep = await readUpkeep(site.db);
  const webhooks = await readDeliveryBacklog(site.db);
  const queue = await lookAtQueue(site);
  const findings = [
    ...ofBacklog(backlog),
    ...ofQuarantine(backlog),
    ...ofProcesses(processes),
    ...ofQueue(queue),
    ...ofReconciliation(reconciled),
    ...ofUpkeep(upkeep),
    ...ofWebhooks(webhooks),
  ];
  const { counts } = queue;
  const text = list([
    ['database', 'up'],
    [
      'queue',
      `${queue.backend}, ${counts === null ? 'AWAY' : `up: ${counts.waiting} waiting, ${counts.active} active, ${counts.delayed} delayed, ${counts.failed} failed`}`,
    ],
    ['api', describeProcesses(processes, 'api')],
    ['worker', describeProcesses(processes, 'worker')],
    ['pending', describe(backlog)],
    ['parked', `${count(backlog.parked, 'refund')} before their purchase`],
    [
      'reconciled',
      reconciled === null ? 'never' : `${reconciled.finished_at}, ${count(reconciled.differences, 'difference')}`,
    ],
    ['settling', upkeep.settling_overdue_s === 0 ? 'nothing is due' : `due for ${span(upkeep.settling_overdue_s)}`],
    ['analytics', `${count(upkeep.unfolded, 'row')} to fold`],
    ['webhooks', describeWebhooks(webhooks)],
    ['events', `${count(upkeep.unpublished, 'transaction')} to publish`],
    ['quarantine', count(backlog.quarantined_customers, 'customer')],
    ...findings.map(({ what, advice }) => ['look at', `${what}. ${advice}`] as const),
  ]);
  return {
    data: { ...backlog, ...upkeep, webhooks, queue, processes, reconciled, findings },
    text,
    found: findings.length > 0,
  };
}

/** A process tells every two seconds that it lives. */
const ALIVE_S = 10;

export async function livingProcesses(db: Database): Promise<LivingProcess[]> {
  return (await listProcesses(db)).filter(({ silent_s }) => silent_s < ALIVE_S);
}

function describeProcesses(processes: LivingProcess[], service: string): string {
  const own = processes.filter((each) => each.service === service);
  if (own.length === 0) return 'NONE ALIVE';
  const versions = [...new Set(own.map(({ version }) => version))].sort();
  return `${own.length} alive, version ${versions.join(' and ')}`;
}

export function describe({ pending, customers, oldest_pending_s }: Waiting): string {
  if (oldest_pending_s === null) return 'nothing';
  return `${count(pending, 'transaction')} of ${count(customers, 'customer')}, the oldest for ${span(oldest_pending_s)}`;
}

async function lookAtQueue({ config, openQueue }: Site) {
  const backend = config.redis_url === null ? 'postgresql' : 'redis';
  try {
    return { backend, counts: await (await openQueue()).counts(), fault: null };
  } catch (error) {
    if (!(error instanceof Unreachable)) throw error;
    return { backend, counts: null, fault: error.message };
  }
}

function ofBacklog({ oldest_pending_s }: Waiting): Finding[] {
  if (oldest_pending_s === null || oldest_pending_s <= OVERDUE_S) return [];
  return [{ what: `Something has waited for ${span(oldest_pending_s)}`, advice: 'See `pending`, then `retry`' }];
}

function ofQuarantine({ quarantined_customers, quarantined_pending }: Waiting): Finding[] {
  if (quarantined_customers === 0) return [];
  const what = `${count(quarantined_customers, 'customer')} in quarantine, with ${count(quarantined_pending, 'transaction')} waiting`;
  return [{ what, advice: 'See `quarantine list`; mend the cause, then `quarantine release`' }];
}

function ofProcesses(processes: LivingProcess[]): Finding[] {
  if (processes.some(({ service }) => service === 'worker')) return [];
  return [{ what: 'No worker is alive', advice: 'Start one, or apply by hand with `drain --apply`' }];
}

function ofReconciliation(last: Reconciliation | null): Finding[] {
  if (last === null || last.differences === 0) return [];
  return [
    { what: `The last reconciliation found ${count(last.differences, 'difference')}`, advice: 'See `reconcile`' },
  ];
}

/** Begun seconds after it is due; much that is due at once takes its time. */
const SETTLED_LATE_S = 60;
/** Published at once, but under a backlog of transactions. The alert says the same. */
const PUBLISHED_LATE_S = 300;

function ofUpkeep({ settling_overdue_s, oldest_unpublished_s }: Upkeep): Finding[] {
  const late = [
    settling_overdue_s > SETTLED_LATE_S && {
      what: `What lapses has been due for ${span(settling_overdue_s)}`,
      advice: 'Workers settle it: is one alive, and what does its log say?',
    },
    oldest_unpublished_s > PUBLISHED_LATE_S && {
      what: `An event has not been published for ${span(oldest_unpublished_s)}`,
      advice: 'Workers publish: is one alive, and what does its log say?',
    },
  ];
  return late.filter((finding) => finding !== false);
}

/** Begun within a second; so late when no worker lives, or one endpoint has more than can be sent to it. */
const SENT_LATE_S = 60;
/** The alert says the same. */
const UNDELIVERED_S = 3_600;

export function describeWebhooks({ endpoints, waiting, oldest_waiting_s }: DeliveryBacklog): string {
  if (endpoints === 0) return 'no endpoint';
  const oldest = waiting === 0 ? '' : `, the oldest for ${span(oldest_waiting_s)}`;
  return `${count(endpoints, 'endpoint')}, ${waiting} to deliver${oldest}`;
}

function ofWebhooks({ gone, overdue_s, oldest_waiting_s }: DeliveryBacklog): Finding[] {
  const findings: Finding[] = [];
  if (overdue_s > SENT_LATE_S) {
    const what = `Webhooks have been due for ${span(overdue_s)}`;
    findings.push({ what, advice: 'Workers send them: is one alive, and what does its log say?' });
  } else if (oldest_waiting_s > UNDELIVERED_S) {
    const what = `An endpoint has not taken a webhook for ${span(oldest_waiting_s)}`;
    findings.push({ what, advice: 'See its deliveries (docs/webhooks.md), and tell whoever runs it' });
  }
  if (gone > 0) {
    const what = `${count(gone, 'endpoint')} answered 410 and ${gone === 1 ? 'gets' : 'get'} nothing`;
    findings.push({ what, advice: 'Enable it again, or delete it (docs/webhooks.md)' });
  }
  return findings;
}

function ofQueue({ counts, fault }: Awaited<ReturnType<typeof lookAtQueue>>): Finding[] {
  if (counts === null) return [{ what: fault ?? '', advice: 'Nothing is lost: the sweep applies meanwhile' }];
  return counts.failed === 0
    ? []
    : [{ what: count(counts.failed, 'failed job'), advice: 'Put them back with `retry`' }];
}
