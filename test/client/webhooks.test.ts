// Verification of webhooks, held against the package of those who wrote the standard.

import { randomBytes } from 'node:crypto';
import { verifyWebhook, WebhookVerificationError } from '@customer-service/client';
import { expect } from 'chai';
import { Webhook } from 'standardwebhooks';

describe('the verification of webhooks', () => {
  const secret = `whsec_${randomBytes(24).toString('base64')}`;
  const body = JSON.stringify({ type: 'customer.created', data: { first_name: 'Zoë ☕' } });

  /** As the standard's own package signs it. */
  function sent(options: { key?: string; at?: number; text?: string; id?: string } = {}) {
    const { key = secret, at = Date.now(), text = body, id = 'msg_1' } = options;
    const signed_at = new Date(Math.floor(at / 1000) * 1000);
    return {
      'webhook-id': id,
      'webhook-timestamp': String(signed_at.getTime() / 1000),
      'webhook-signature': new Webhook(key).sign(id, signed_at, text),
    };
  }

  async function refused(received: Parameters<typeof verifyWebhook>[0]): Promise<string> {
    const fault = await verifyWebhook(received).then(
      () => 'taken',
      (error: unknown) => error,
    );
    expect(fault).to.be.instanceOf(WebhookVerificationError);
    return (fault as Error).message;
  }

  it('takes what the standard package signs, as text or bytes, with headers of fetch or of Node', async () => {
    const headers = sent();
    const { id, event, sent_at } = await verifyWebhook({ body, headers, secret });
    expect([id, event, sent_at.getTime() / 1000]).to.deep.equal([
      'msg_1',
      JSON.parse(body),
      Number(headers['webhook-timestamp']),
    ]);
    const bytes = new TextEncoder().encode(body);
    expect((await verifyWebhook({ body: bytes, headers: new Headers(headers), secret })).event).to.deep.equal(event);
    const shouted = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toUpperCase(), value]));
    expect((await verifyWebhook({ body, headers: shouted, secret })).event).to.deep.equal(event);
  });

  it('knows a signature by either secret while one is being changed', async () => {
    const old = `whsec_${randomBytes(24).toString('base64')}`;
    const headers = sent({ key: old });
    expect((await verifyWebhook({ body, headers, secret: [secret, old] })).id).to.equal('msg_1');
    await refused({ body, headers, secret });
    // A sender in the middle of the change signs with both; others may be of versions not known here.
    const both = `v1a,AAAA ${headers['webhook-signature']} ${sent()['webhook-signature']} v1,%%%`;
    expect((await verifyWebhook({ body, headers: { ...headers, 'webhook-signature': both }, secret })).id).to.equal(
      'msg_1',
    );
  });

  it('refuses another body, id, time or secret, and a signature that is none', async () => {
    const headers = sent();
    const later = String(Number(headers['webhook-timestamp']) + 1);
    await refused({ body: `${body} `, headers, secret });
    await refused({ body, headers: { ...headers, 'webhook-id': 'msg_2' }, secret });
    await refused({ body, headers: { ...headers, 'webhook-timestamp': later }, secret });
    await refused({ body, headers: sent({ key: `whsec_${randomBytes(24).toString('base64')}` }), secret });
    for (const signature of ['v1,', 'v1,AAAA', 'v2,AAAA', headers['webhook-signature'].slice(3)]) {
      await refused({ body, headers: { ...headers, 'webhook-signature': signature }, secret });
    }
  });

  it('refuses what is more than five minutes old or early, and a time that is none', async () => {
    const now = Date.now();
    for (const seconds of [-290, 290]) {
      expect((await verifyWebhook({ body, headers: sent({ at: now + seconds * 1000 }), secret })).id).to.equal('msg_1');
    }
    for (const seconds of [-310, 310]) {
      const message = await refused({ body, headers: sent({ at: now + seconds * 1000 }), secret });
      expect(message).to.include('webhook-timestamp');
    }
    for (const timestamp of ['', 'now', '1e9', '-1', '9'.repeat(13)]) {
      await refused({ body, headers: { ...sent(), 'webhook-timestamp': timestamp }, secret });
    }
    expect(
      (await verifyWebhook({ body, headers: sent({ at: now - 900_000 }), secret, tolerance_s: 1_000 })).id,
    ).to.equal('msg_1');
  });

  it('refuses a message that lacks a header', async () => {
    for (const name of Object.keys(sent())) {
      expect(await refused({ body, headers: { ...sent(), [name]: undefined }, secret })).to.equal(`${name} is missing`);
    }
  });

  it('takes no secret that is none', async () => {
    for (const none of ['whsec_', '', 'whsec_%%']) {
      const fault = await verifyWebhook({ body, headers: sent(), secret: none }).catch((error: unknown) => error);
      expect(fault).to.be.instanceOf(TypeError);
    }
  });
});
