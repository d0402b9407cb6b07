// The programme in the console: read in words, written in a form, tried out on everybody before it is published.

import { expect } from 'chai';
import type { Desk } from './desk.ts';

export function programme(desk: () => Desk) {
  const dialog = () => desk().page.getByRole('dialog');
  const rules = () => desk().page.getByRole('region', { name: 'Rules' });
  before(async () => {
    await desk().signIn('admin');
    await desk().page.getByRole('link', { name: 'Programme' }).click();
    await rules().waitFor();
  });

  it('says what the rules are', async () => {
    const text = await rules().textContent();
    expect(text).to.match(/1 point for each 1\.00 \(AUD, CAD.*USD\), rounded down.*No limit.*From 1 point on.*Never/);
    expect(await desk().page.getByRole('region', { name: 'Tiers' }).textContent()).to.match(
      /Gold2,000\.00 spent · 25 v/,
    );
    await desk().lookForBarriers();
    await desk().picture('programme');
  });

  it('shows at each field what the service refuses', async () => {
    const { page } = desk();
    await page.getByRole('button', { name: 'Write a new version' }).click();
    await page.getByLabel('Spent for gold').fill('100');
    await page.getByLabel('Points redeemed, at the least').fill('0');
    await page.getByRole('button', { name: 'Try it out' }).click();
    await page.getByRole('alert').getByText('Redeem › minimum points').waitFor();
    const field = page.getByLabel('Points redeemed, at the least');
    expect(await field.getAttribute('aria-invalid')).to.equal('true');
    await field.fill('100');
    await page.getByRole('button', { name: 'Try it out' }).click();
    await page
      .locator('.field', { has: page.getByLabel('Spent for gold') })
      .getByText('must not be lower')
      .waitFor();
    await desk().lookForBarriers();
  });

  it('counts who would change tier, and writes what was read', async () => {
    const { page } = desk();
    await page.getByLabel('Spent for gold').fill('550');
    await page.getByLabel('They lapse').selectOption('rolling_months');
    await page.getByLabel('Months', { exact: true }).fill('18');
    await page.getByRole('button', { name: 'Add a campaign' }).click();
    await page.getByLabel('Name', { exact: true }).fill('Winter');
    await page.getByLabel('From', { exact: true }).fill('2030-01-01T00:00');
    await page.getByLabel('To', { exact: true }).fill('2030-02-01T00:00');
    await page.getByLabel('Points ×', { exact: true }).fill('1.5');
    await page.getByRole('button', { name: 'Remove SEK' }).click();
    await desk().picture('programme-form');
    await page.getByRole('button', { name: 'Try it out' }).click();
    await dialog()
      .getByText(/[1-9] of \d+ customers would hold another tier/)
      .waitFor();
    expect((await dialog().getByRole('listitem').allTextContents()).join()).to.match(/Silver → Gold: [1-9]/);
    await desk().lookForBarriers();
    await desk().picture('publish');
    await dialog().getByRole('button', { name: 'Publish' }).click();
    await page.getByText('Version 2 is written').waitFor();
    await rules().getByText('18 months after they were earned').waitFor();
    expect(await page.getByRole('region', { name: 'Campaigns' }).textContent()).to.include('Winter, ×1.5 from');
    const { body } = await desk().service.request('GET', '/loyalty/programme');
    const { version, earn, redeem, expiry, tiers } = body.current;
    expect({ version, redeem, expiry }).to.deep.equal({
      version: 2,
      redeem: { minimum_points: 100 },
      expiry: { policy: 'rolling_months', months: 18 },
    });
    expect(tiers).to.deep.equal(
      body.versions[0].tiers.map((rule: { tier: string }) =>
        rule.tier === 'gold' ? { ...rule, spend_threshold_minor: 55_000 } : rule,
      ),
    );
    expect(Object.keys(earn.rates)).to.have.length(12).and.not.include('SEK');
    expect(earn.campaigns[0]).to.include({ name: 'Winter', multiplier_bp: 15_000, tiers: null });
  });
}
