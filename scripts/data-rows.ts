// The rows of a file of CSV or NDJSON, one after the other, whatever its size. Knows nothing of what they mean.

import { createReadStream } from 'node:fs';
import { pipeline, Readable } from 'node:stream';
import { parse } from 'csv-parse';

export interface Row {
  /** The line on which it ends, from 1. */
  line: number;
  values: Record<string, unknown>;
}

/** What is no row. */
export interface BadRow {
  line: number;
  code: string;
  reason: string;
}

export interface RowsOptions {
  format: 'csv' | 'ndjson';
  delimiter: string;
  /** As the WHATWG names it: `utf-8`, `windows-1252` … */
  encoding: string;
  /** Columns without which a file of CSV is not the right one. */
  columns: readonly string[];
  /** Hears of every part that was read, in bytes. */
  onRead?: (bytes: number) => void;
}

/** A quote that nobody closed must not take the rest of the file into memory. */
const MAX_ROW = 1_048_576;

/** @throws Error when the file can't be read, is in another encoding, or has not the columns */
export function readRows(file: string, options: RowsOptions): AsyncGenerator<Row | BadRow> {
  return options.format === 'csv' ? readCsv(file, options) : readNdjson(file, options);
}

async function* readText(file: string, { encoding, onRead }: RowsOptions): AsyncGenerator<string> {
  // Takes a byte order mark away, and half a character at the end of a part along to the next.
  const decoder = new TextDecoder(encoding, { fatal: true });
  try {
    for await (const bytes of createReadStream(file)) {
      onRead?.((bytes as Buffer).length);
      yield decoder.decode(bytes as Buffer, { stream: true });
    }
    yield decoder.decode();
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new Error(`${file} is not ${encoding}: name its "encoding" in the mapping, such as windows-1252.`);
  }
}

async function* readCsv(file: string, options: RowsOptions): AsyncGenerator<Row | BadRow> {
  const bad: BadRow[] = [];
  const parser = parse({
    columns: (header: string[]) => checkHeader(header, options.columns),
    delimiter: options.delimiter,
    info: true,
    max_record_size: MAX_ROW,
    on_skip: (error) => {
      if (error) bad.push({ line: Number(error.lines), code: error.code.toLowerCase(), reason: error.message });
      return undefined;
    },
    skip_empty_lines: true,
    skip_records_with_error: true,
  });
  // What goes wrong before the parser ends it, and whoever reads from it hears so.
  pipeline(Readable.from(readText(file, options)), parser, () => {});
  for await (const { record, info } of parser) {
    yield* bad.splice(0);
    yield { line: info.lines, values: record };
  }
  yield* bad;
}

function checkHeader(header: string[], needed: readonly string[]): string[] {
  const names = header.map((name) => name.trim());
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new Error(`The file has two columns "${twice}".`);
  const missing = needed.filter((name) => !names.includes(name));
  if (missing.length === 0) return names;
  throw new Error(
    `The file has no column ${missing.map((name) => `"${name}"`).join(', ')}. It has: ${names.join(', ')}`,
  );
}

async function* readNdjson(file: string, options: RowsOptions): AsyncGenerator<Row | BadRow> {
  let line = 0;
  for await (const text of readLines(readText(file, options))) {
    line += 1;
    if (text.trim() !== '') yield parseLine(text, line);
  }
}

async function* readLines(text: AsyncIterable<string>): AsyncGenerator<string> {
  let rest = '';
  for await (const part of text) {
    const lines = (rest + part).split('\n');
    rest = lines.pop() as string;
    if (rest.length > MAX_ROW) throw new Error('A line has more than a million characters: is this NDJSON?');
    yield* lines;
  }
  if (rest !== '') yield rest;
}

function parseLine(text: string, line: number): Row | BadRow {
  try {
    const values = JSON.parse(text);
    if (typeof values === 'object' && values !== null && !Array.isArray(values)) return { line, values };
    return { line, code: 'not-an-object', reason: 'is JSON, and not an object' };
  } catch {
    return { line, code: 'malformed-json', reason: 'is not valid JSON' };
  }
}
