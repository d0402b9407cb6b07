// A till: finds the guest or signs them up, posts the purchase, and pays with points when there are enough.
//   URL=… TOKEN=… npm run till -w examples -- ada@example.com order-1 123.45

import { createClient, NoAnswerError, UnavailableError } from '@customer-service/client';
import { fileStore } from './file-store.ts';

const { URL: url = '', TOKEN: token = '', KEYS: keys = 'till-keys.json' } = process.env;
const [email = '', order_id = '', amount = ''] = process.argv.slice(2);
const service = createClient({ url, token, store: fileStore(keys), attempts: 3 });
const VOUCHER_POINTS = 100;

async function findGuest() {
  for await (const guest of service.customers.list({ email })) return guest;
  // The email is unique, so that a second attempt can't make a second guest.
  return service.customers.create({ first_name: 'New', last_name: 'Guest', email }, { repeatable: true });
}

try {
  const guest = await findGuest();
  const amount_minor = Math.round(Number(amount) * 100);
  // The order's number is the key: however often this runs, it is one purchase.
  const o = { idempotency_key: `purchase-${order_id}`, wait: 5 };
  const bought = await service.loyalty.earn(guest.id, { amount_minor, currency: 'USD', order_id }, o);
  console.log(bought.status === 'pending' ? 'Thank you. The points follow in a moment.' : bought.text);

  const { points_available } = await service.loyalty.balance(guest.id);
  console.log(`You have ${points_available} points.`);
  if (points_available >= VOUCHER_POINTS) {
    // No key here: the client makes one, and keeps it in the file until the service has answered.
    const voucher = await service.loyalty.redeem(guest.id, { points: VOUCHER_POINTS, order_id }, { wait: 5 });
    console.log(voucher.status === 'applied' ? 'Here is your voucher.' : voucher.text);
  }
} catch (fault) {
  if (!(fault instanceof NoAnswerError || fault instanceof UnavailableError)) throw fault;
  console.log('The service is away: run the same again later, nothing is counted twice.');
  process.exitCode = 75;
}
