// `npm run ledger:export -- --file ledger.ndjson`: the decided lines of the ledger, a JSON object a line, each proven by
// its hash on the way. Goes on where it ended when the file is there already. `--check` proves a file without a database.
// Exit code 0, or 1 when a line is not what was booked.

import { createReadStream, createWriteStream, existsSync, realpathSync, statSync, truncateSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { pipeline } from 'node:stream/promises';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { isProven, type LedgerLine, type LedgerPart, openDatabase, readLedger } from '@customer-service/store';
import { readLocal } from './local.ts';

/** A transaction takes no longer: what was booked before that is committed. */
const SETTLED_AFTER_MS = 60_000;

export interface Exported {
  lines: number;
  /** `customer_id sequence` of the lines that are not what was booked, the first of them. */
  broken: string[];
}

const SHOWN = 20;

/** What a file holds, read in a stream. */
interface Held extends Exported {
  part: LedgerPart | undefined;
  last: LedgerLine | undefined;
  /** Up to the end of the last whole line. */
  bytes: number;
}

/** Proves a line and counts it. @param last the one before it in the file */
function take(
  { exported, part, last }: { exported: Exported; part: LedgerPart; last: LedgerLine | undefined },
  line: LedgerLine,
) {
  const before = last?.customer_id === line.customer_id ? last : undefined;
  // What was booked later has a later number: within a part of the ledger no line of a customer is missing.
  const next = before === undefined ? (part.from === null ? 1 : line.sequence) : before.sequence + 1;
  exported.lines += 1;
  if (line.sequence === next && isProven(line, before)) return;
  if (exported.broken.length < SHOWN) exported.broken.push(`${line.customer_id} ${line.sequence}`);
}

/** Reads and proves a file. The first line says which part of the ledger it is; a last line cut short is left out. */
export async function checkLedgerFile(file: string): Promise<Held> {
  const held: Held = { lines: 0, broken: [], part: undefined, last: undefined, bytes: 0 };
  const size = statSync(file).size;
  for await (const text of createInterface({ input: createReadStream(file), crlfDelay: Number.POSITIVE_INFINITY })) {
    const end = held.bytes + Buffer.byteLength(text) + 1;
    if (end > size) break;
    held.bytes = end;
    if (held.part === undefined) held.part = JSON.parse(text).ledger_export as LedgerPart;
    else {
      const line: LedgerLine = JSON.parse(text);
      take({ exported: held, part: held.part, last: held.last }, line);
      held.last = line;
    }
  }
  return held;
}

/** Writes the part of the ledger to the file, or the rest of it when the file is there. Holds one page at a time. */
export async function exportLedger(
  url: string,
  file: string,
  { part, report }: { part: LedgerPart; report?: (lines: number) => void },
): Promise<Exported> {
  const held = existsSync(file) ? await checkLedgerFile(file) : undefined;
  const wanted = held?.part ?? part;
  const exported: Exported = { lines: held?.lines ?? 0, broken: held?.broken ?? [] };
  if (held !== undefined) truncateSync(file, held.bytes);
  const db = openDatabase({ url, pool_max: 1, application_name: 'ledger-export', statement_timeout_ms: 60_000 });
  async function* lines() {
    if (held?.part === undefined) yield `${JSON.stringify({ ledger_export: wanted })}\n`;
    let last = held?.last;
    let after: Parameters<typeof readLedger>[2] | null = last;
    do {
      const page = await readLedger(db, wanted, after);
      for (const line of page.lines) {
        take({ exported, part: wanted, last }, line);
        last = line;
        yield `${JSON.stringify(line)}\n`;
      }
      report?.(exported.lines);
      after = page.next;
    } while (after !== null);
  }
  try {
    await pipeline(lines, createWriteStream(file, { flags: 'a', flush: true, mode: 0o600 }));
  } finally {
    await db.destroy();
  }
  return exported;
}

function momentOf(text: string): string {
  const moment = new Date(text);
  if (Number.isNaN(moment.getTime())) throw new Error(`${text} is no moment: write it as 2026-01-31T00:00:00Z.`);
  return moment.toISOString();
}

function partOf({ from, before, texts = false }: { from?: string; before?: string; texts?: boolean }): LedgerPart {
  const settled = new Date(Date.now() - SETTLED_AFTER_MS).toISOString();
  const until = before === undefined ? settled : momentOf(before);
  if (until > settled) throw new Error('What was booked within the last minute can not be exported yet.');
  return { from: from === undefined ? null : momentOf(from), before: until, texts };
}

/** @returns the exit code */
export async function runLedgerExport(args: string[]): Promise<number> {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    args,
    options: { file: text, check: text, from: text, before: text, texts: { type: 'boolean' } },
  });
  const { file, check, ...wanted } = values;
  if ((file === undefined) === (check === undefined)) throw new Error('One of --file and --check is needed.');
  const url = process.env.DATABASE_URL || readLocal()?.database_url;
  if (check === undefined && url === undefined) throw new Error('No database: set DATABASE_URL, or `npm start`.');
  const { lines, broken } =
    check === undefined
      ? await exportLedger(url as string, file as string, { part: partOf(wanted) })
      : await checkLedgerFile(check);
  for (const place of broken) console.log(`not what was booked: ${place}`);
  console.log(`${lines} lines, ${broken.length === 0 ? 'each proven by its hash' : 'with lines that were changed'}`);
  return broken.length === 0 ? 0 : 1;
}

// Node gives the path as it was typed; the module's URL has links resolved.
const script = process.argv[1];
if (script !== undefined && import.meta.url === pathToFileURL(realpathSync(script)).href) {
  process.exitCode = await runLedgerExport(process.argv.slice(2)).catch((fault: Error) => {
    console.error(fault.message);
    return 2;
  });
}
