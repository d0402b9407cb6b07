// The README's and the page's examples of `npm run data`, run as they stand.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { runProgram } from '../helpers/command.ts';
import { figuresOf, runData } from '../helpers/data.ts';
import { type Service, startService, tokenFor } from '../helpers/service.ts';

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const PAGE = read('docs/data.md');

describe('docs/data.md and the README', () => {
  let service: Service;
  let folder: string;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'customer-service-data-'));
    service = await startService();
  });
  after(async () => {
    rmSync(folder, { recursive: true });
    await service.stop();
  });

  it('carry the shop in and out by the commands of the README', async () => {
    const script = /## Data in and out[\s\S]*?```sh\n([\s\S]*?)```/.exec(read('README.md'))?.[1] ?? '';
    // What `npm start` leaves for other commands of this machine.
    writeFileSync(
      join(folder, 'running.json'),
      JSON.stringify({ url: service.url, tokens: { admin: tokenFor('admin') } }),
    );
    const { code, output } = await runProgram('bash', ['-euc', script], { DATA_DIR: folder, HOME: folder });
    expect(code, output).to.equal(0);
    expect(output).to.match(/would be made +793/);
    expect(output).to.match(/ made +793/);
    expect(output).to.include('793 rows in').and.to.include('month,points');
    rmSync('/tmp/customers.csv');
  });

  it('have a mapping that reads a file in another language, encoding and way of writing days', async () => {
    const mapping = /## The mapping[\s\S]*?```json\n([\s\S]*?)```/.exec(PAGE)?.[1] ?? '';
    writeFileSync(join(folder, 'mapping.json'), mapping);
    const rows = [
      'Kundennummer;Vorname;Nachname;E-Mail;Telefon;Geburtstag;Ort;PLZ;Kost;Werbung;Punkte;Stand',
      '17;Jörg;Müller;joerg@example.com;030 1234567;3.10.1980;Görlitz;2826;vegan, glutenfrei;J;1200;15.01.2026',
      '18;Änne;Groß;;;;;;;N;;',
    ];
    writeFileSync(join(folder, 'kunden.csv'), Buffer.from(rows.join('\r\n'), 'latin1'));
    const args = ['--mapping', join(folder, 'mapping.json'), '--refused', join(folder, 'refused.csv')];
    const ended = await runData(service, 'import', 'customers', join(folder, 'kunden.csv'), ...args);
    expect(figuresOf(ended), ended.output).to.include({ made: 2, refused: 0, 'opening balances booked': 1 });
    const [joerg, aenne] = await Promise.all(
      ['crm-17', 'crm-18'].map(
        async (id) => (await service.request('GET', `/customers?external_id=${id}`)).body.items[0],
      ),
    );
    expect(joerg).to.include({ first_name: 'Jörg', phone: '+49301234567', date_of_birth: '1980-10-03' });
    expect(joerg.addresses[0]).to.include({ city: 'Görlitz', postal_code: '02826', country: 'DE' });
    expect(joerg.preferences).to.deep.include({
      dietary_restrictions: ['vegan', 'glutenfrei'],
      marketing_consent: true,
    });
    expect(aenne).to.deep.include({ last_name: 'Groß', email: null, addresses: [] });
  });
});
