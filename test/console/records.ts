// What two people do together: records that are of one person made one, and large corrections approved.

import { expect } from 'chai';
import type { Desk } from './desk.ts';
import { createCustomer, move } from './shop.ts';

export function records(desk: () => Desk) {
  const dialog = () => desk().page.getByRole('dialog');
  const press = (name: string) => dialog().getByRole('button', { name, exact: true }).click();

  it('that may be of one person are shown side by side, and merged', async () => {
    const { service } = desk();
    const known = { last_name: 'Meitner', date_of_birth: '1978-11-07', addresses: [{ city: 'Vienna', country: 'AT' }] };
    const older = await createCustomer(service, { ...known, first_name: 'Lise', email: 'lise@example.com' });
    const newer = await createCustomer(service, { ...known, first_name: 'Liese', phone: '+431234567' });
    await move(service, newer, ['earn', { points: 70 }]);
    await desk().signIn('manager');
    const { page } = desk();
    await page.getByRole('link', { name: 'Duplicates' }).click();
    const pair = page.getByRole('region', { name: 'Liese Meitner and Lise Meitner' });
    await pair.waitFor();
    expect(await pair.textContent()).to.match(/Email.*lise@example\.com.*Phone.*431234567.*Vienna/);
    await desk().lookForBarriers();
    await desk().picture('duplicates');
    await pair.getByRole('button', { name: 'Merge' }).click();
    await press('Review');
    await dialog().getByText('This can not be undone.').waitFor();
    await desk().lookForBarriers();
    await desk().picture('merge');
    await press('Merge');
    await page.getByText('Liese Meitner was merged into Lise Meitner.').waitFor();
    await page.getByText('Nobody seems to be here twice.').waitFor();
    await desk().open(`customers/${newer}`, 'Lise Meitner');
    await page.waitForURL(`**/console#/customers/${older}`);
    await page.locator('[data-figure="points"]', { hasText: '70' }).waitFor();
  });

  it('wait for a second person when a correction is large, and are booked when it is approved', async () => {
    const { service } = desk();
    const customer = await createCustomer(service, { first_name: 'Emmy', last_name: 'Noether' });
    await desk().signIn('manager');
    await desk().open(`customers/${customer}`, 'Emmy Noether');
    await desk().page.getByRole('button', { name: 'Adjust …' }).click();
    await dialog().getByLabel('Points').fill('6000');
    await dialog().getByLabel('Note').fill('Three orders were never booked');
    await press('Review');
    await dialog().getByText('a second person must approve it').waitFor();
    await press('Adjust');
    await desk().page.getByText('Asked for: a second person must approve it.').waitFor();
    await desk().open('approvals', 'Approvals');
    const request = desk().page.getByRole('region', { name: 'Give 6,000 points (goodwill)' });
    await request.waitFor();
    expect(await request.getByRole('button').count(), 'not for who asked').to.equal(0);

    await desk().signIn('admin');
    await desk().page.getByRole('link', { name: 'Approvals' }).click();
    await desk().page.getByRole('region', { name: 'Give 6,000 points' }).waitFor();
    await desk().lookForBarriers();
    await desk().picture('approvals');
    await desk().page.getByRole('button', { name: 'Approve' }).click();
    await press('Approve');
    await desk().page.getByText('Approved and booked.').waitFor();
    const { body } = await service.request('GET', `/customers/${customer}/loyalty`);
    expect(body.points_balance).to.equal(6_000);
  });
}
