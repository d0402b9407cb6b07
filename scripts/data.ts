// `npm run data -- …`: customers into a service and out of it, from and to files, over HTTP.
// Exit code 0: done · 1: some rows were refused · 2: wrong use · 3: it could not be finished.

import { basename } from 'node:path';
import { parseArgs } from 'node:util';
import { createClient } from '@customer-service/client';
import { SingleBar } from 'cli-progress';
import { exportCustomers, exportLiability } from './data-export.ts';
import { type ImportReport, importCustomers } from './data-import.ts';
import { readMapping } from './data-mapping.ts';
import { runLedgerExport } from './export-ledger.ts';
import { findService } from './local.ts';

const HELP = `Usage:
  npm run data -- import customers FILE [--mapping MAPPING] [--dry-run] [--refused FILE]
  npm run data -- export customers|liability [--format csv|ndjson] [--file FILE]
  npm run data -- export ledger --file FILE       as npm run ledger:export

FILE is CSV, or NDJSON by its name (.ndjson, .jsonl). Without --mapping a line of NDJSON is an item of
POST /customers/batch. Begin again after an interruption: what is in is recognised by its external_id.

  --mapping FILE   where each field comes from; scripts/superstore-mapping.json is one, docs/data.md explains it
  --dry-run        say what would happen, and write nothing
  --refused FILE   where refused rows are listed: line, field, code, reason (refused.csv)
  --format FORMAT  csv or ndjson; by the name of --file when not given, else csv
  --file FILE      instead of the standard output
  --url, --token   of the service, with an admin's token; the one of \`npm start\` here when not given

Exit codes: 0 done · 1 some rows were refused · 2 wrong use · 3 it could not be finished`;

const EXIT = { done: 0, refused: 1, wrong_use: 2, unfinished: 3 };

class WrongUse extends Error {}

const text = { type: 'string' } as const;
const flag = { type: 'boolean' } as const;
const OPTIONS = {
  ...{ mapping: text, 'dry-run': flag, refused: text, format: text, file: text },
  ...{ url: text, token: text, help: flag },
};
type Values = ReturnType<typeof read>['values'];

const read = (args: string[]) => {
  return parseArgs({ args, options: OPTIONS, allowPositionals: true });
};

/** What was asked for wrongly, told as such: files and services that are not right come later. */
function rightly<T>(look: () => T): T {
  try {
    return look();
  } catch (error) {
    throw new WrongUse((error as Error).message);
  }
}

async function main(args: string[]): Promise<number> {
  if (args[0] === 'export' && args[1] === 'ledger') return runLedgerExport(args.slice(2));
  const { values, positionals } = rightly(() => read(args));
  const [verb, noun, file, ...more] = positionals;
  const what = `${verb} ${noun}`;
  if (values.help) console.log(HELP);
  else if (what === 'import customers' && file !== undefined && more.length === 0) return runImport(file, values);
  else if (what === 'export customers' && file === undefined) return runExport(exportCustomers, values);
  else if (what === 'export liability' && file === undefined) return runExport(exportLiability, values);
  else throw new WrongUse(HELP);
  return EXIT.done;
}

async function runImport(file: string, values: Values): Promise<number> {
  const { client, mapping } = rightly(() => ({
    client: createClient(findService(values)),
    mapping: values.mapping === undefined ? null : readMapping(values.mapping),
  }));
  const dry_run = values['dry-run'] ?? false;
  const refused_file = values.refused ?? 'refused.csv';
  const bar = progressBar('{percentage}% {bar} {rows} rows');
  const started = performance.now();
  const report = await importCustomers({
    ...{ client, file, mapping, dry_run, refused_file },
    report: ({ bytes, total, rows }) => bar.show(bytes, { total, rows }),
  }).finally(bar.stop);
  const seconds = (performance.now() - started) / 1_000;
  printReport(report, { seconds, dry_run, refused_file, file });
  return report.refused > 0 ? EXIT.refused : EXIT.done;
}

interface Run {
  seconds: number;
  dry_run: boolean;
  refused_file: string;
  file: string;
}

function printReport(report: ImportReport, { seconds, dry_run, refused_file, file }: Run): void {
  const would = dry_run ? 'would be ' : '';
  const memory_mb = process.resourceUsage().maxRSS / 1_024;
  const rows: [string, number][] = [
    [`rows of ${basename(file)}`, report.rows],
    [`  ${would}made`, report.created],
    [`  ${would}changed`, report.changed],
    ['  unchanged', report.unchanged],
    ['  repeated, left out', report.repeated],
    [`  ${would}refused`, report.refused],
    [`opening balances ${would}booked`, report.balances_accepted],
    ['opening balances booked before', report.balances_replayed],
    ['seconds', Math.round(seconds)],
    ['rows per second', Math.round(report.rows / seconds)],
    ['memory at the most, MB', Math.round(memory_mb)],
  ];
  for (const [name, value] of rows) console.log(`${name.padEnd(36)}${value.toLocaleString('en-US').padStart(12)}`);
  if (dry_run) console.log('\nA dry run: nothing was written.');
  if (report.refused === 0) return;
  console.log(`\nThe first refusals, all of them are in ${refused_file}:`);
  for (const { line, field, code, reason } of report.refusals) {
    console.log(`line ${line}  ${field || 'the row'}  ${code}: ${reason}`);
  }
}

async function runExport(work: typeof exportCustomers, { file, ...values }: Values): Promise<number> {
  const client = rightly(() => createClient(findService(values)));
  const format = values.format ?? (/\.(ndjson|jsonl)$/i.test(file ?? '') ? 'ndjson' : 'csv');
  if (format !== 'csv' && format !== 'ndjson') throw new WrongUse('--format is csv or ndjson.');
  const bar = progressBar('{value} rows');
  const report = (rows: number) => bar.show(rows, { total: rows });
  const rows = await work({ client, format, file, report }).finally(bar.stop);
  if (file !== undefined) console.log(`${rows.toLocaleString('en-US')} rows in ${file}`);
  return EXIT.done;
}

/** On the error stream, and only where that is a terminal. */
function progressBar(format: string) {
  // Its handler swallows the first Ctrl-C; nothing is hidden here that would have to be restored.
  const bar = new SingleBar({ format, clearOnComplete: true, stopOnComplete: false, gracefulExit: false });
  let started = false;
  return {
    show: (done: number, { total, ...payload }: { total: number; rows?: number }): void => {
      if (!started) bar.start(total, done, payload);
      started = true;
      bar.setTotal(total);
      bar.update(done, payload);
    },
    stop: (): void => bar.stop(),
  };
}

process.exitCode = await main(process.argv.slice(2)).catch((error: Error) => {
  console.error(error.message);
  return error instanceof WrongUse ? EXIT.wrong_use : EXIT.unfinished;
});
