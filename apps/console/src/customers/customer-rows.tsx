// Customers in rows, which the arrow keys walk through.

import type { Customer } from '@customer-service/client';
import { day, money, number } from '../format.ts';
import { Tier } from '../parts/page.tsx';
import { linkTo } from '../router.ts';

export function CustomerRows({ customers }: { customers: readonly Customer[] }) {
  return (
    <div class="scroll">
      <table onKeyDown={walk}>
        <caption class="hidden">Customers found</caption>
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col" class="extra">
              Email or phone
            </th>
            <th scope="col" class="extra">
              City
            </th>
            <th scope="col">Tier</th>
            <th scope="col" class="right">
              Points
            </th>
            <th scope="col" class="right extra">
              Spent
            </th>
            <th scope="col" class="extra">
              Last visit
            </th>
          </tr>
        </thead>
        <tbody>
          {customers.map((customer) => (
            <CustomerRow key={customer.id} customer={customer} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function CustomerRow({ customer }: { customer: Customer }) {
  const { id, first_name, last_name, email, phone, external_id, addresses, status, loyalty } = customer;
  const address = addresses.find(({ is_primary }) => is_primary) ?? addresses[0];
  return (
    <tr>
      <th scope="row">
        <a href={linkTo('customers', id)}>
          {first_name} {last_name}
        </a>
        {status !== 'active' && <span class="badge warn">{status}</span>}
      </th>
      <td class="contact extra">{email ?? phone ?? <span class="quiet">{external_id}</span>}</td>
      <td class="extra">{address?.city}</td>
      <td>
        <Tier tier={loyalty.tier} />
      </td>
      <td class="right">{number(loyalty.points_available)}</td>
      <td class="right extra">{money(loyalty.total_spent_minor)}</td>
      <td class="extra">{loyalty.last_visit_at && day(loyalty.last_visit_at)}</td>
    </tr>
  );
}

function walk(event: KeyboardEvent): void {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step === undefined || !(event.currentTarget instanceof HTMLElement)) return;
  event.preventDefault();
  const links = [...event.currentTarget.querySelectorAll<HTMLElement>('tbody th a')];
  const next = links.indexOf(document.activeElement as HTMLElement) + step;
  (next < 0 ? document.querySelector<HTMLElement>('input[type="search"]') : links[next])?.focus();
}
