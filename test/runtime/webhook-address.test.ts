// Where a webhook may go: nowhere that only this process can reach, however it is spelled or looked up.

import type { LookupAddress } from 'node:dns';
import { isPublicAddress, publicLookup, type Resolve, webhookUrlFault } from '@customer-service/runtime';
import { expect } from 'chai';

const PRIVATE = [
  ...['127.0.0.1', '127.255.255.254', '0.0.0.0', '10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.1.1'],
  ...['169.254.169.254', '169.254.0.1', '100.64.0.1', '100.100.100.200', '192.0.0.192', '198.18.0.1', '224.0.0.1'],
  ...['240.0.0.1', '255.255.255.255', '192.0.2.1', '198.51.100.1', '203.0.113.1'],
  ...['::', '::1', 'fe80::1', 'fc00::1', 'fd00:ec2::254', 'fec0::1', 'ff02::1', '2001:db8::1', '100::1'],
  // An IPv4 address within an IPv6 one, in each of the ways there are.
  ...['::ffff:127.0.0.1', '::ffff:7f00:1', '::ffff:10.0.0.1', '::ffff:169.254.169.254', '::127.0.0.1', '::7f00:1'],
  ...['64:ff9b::7f00:1', '64:ff9b:1::a00:1', '2002:7f00:1::', '2001:0:7f00:1::', '::ffff:0:127.0.0.1'],
  ...['4000::1', '', 'localhost', 'fe80::1%eth0'],
];
const PUBLIC = ['8.8.8.8', '1.1.1.1', '172.32.0.1', '192.169.0.1', '100.128.0.1', '2606:4700::1111', '::ffff:8.8.8.8'];

describe('an address that a webhook may go to', () => {
  it('is one of the public internet', () => {
    for (const address of PRIVATE) expect(isPublicAddress(address), address).to.equal(false);
    for (const address of PUBLIC) expect(isPublicAddress(address), address).to.equal(true);
  });
});

describe('a URL that a webhook may go to', () => {
  const spelled = PRIVATE.filter((address) => /^[\d.]+$/.test(address));
  const within = PRIVATE.filter((address) => address.includes(':') && !address.includes('%'));
  const refused = [
    ...spelled.map((address) => `https://${address}/`),
    ...within.map((address) => `https://[${address}]/`),
    // 127.0.0.1 and 169.254.169.254 as decimal, octal, hexadecimal and short numbers, in other digits, with a dot behind.
    ...['https://2130706433/', 'https://0177.0.0.1/', 'https://0x7f.0.0.1/', 'https://0x7f000001/', 'https://127.1/'],
    ...['https://127.0.1/', 'https://0/', 'https://2852039166/', 'https://0xA9FEA9FE/', 'https://0251.0376.0251.0376/'],
    ...['https://１２７.０.０.１/', 'https://①②⑦.0.0.1/', 'https://127.0.0.1./', 'https://%31%32%37.0.0.1/'],
    ...['https://localhost/', 'https://LOCALHOST/', 'https://localhost./', 'https://a.localhost/', 'https://printer/'],
    ...['https://db.internal/', 'https://metadata.google.internal/', 'https://nas.local/', 'https://router.lan/'],
    // Other schemes, users, ports of other protocols, and what is no URL.
    ...[
      'http://shop.example/',
      'ftp://shop.example/',
      'file:///etc/passwd',
      'javascript:alert(1)',
      'gopher://shop.example',
    ],
    ...['https://user@shop.example/', 'https://user:secret@shop.example/', 'https://shop.example@127.0.0.1/'],
    ...[
      'https://shop.example:22/',
      'https://shop.example:25/',
      'https://shop.example:80/',
      'https://shop.example:1023/',
    ],
    ...[
      'https://shop.example/#fragment',
      'shop.example',
      '',
      'https://',
      'https:///',
      `https://shop.example/${'a'.repeat(2_000)}`,
    ],
  ];
  const taken = [
    ...[
      'https://shop.example/',
      'https://shop.example/hooks?key=1',
      'https://shop.example:8443/',
      'https://shop.example:443/',
    ],
    ...[
      'https://8.8.8.8/',
      'https://[2606:4700::1111]/',
      'https://xn--bcher-kva.example/',
      'https://localhost.example/',
    ],
  ];

  it('is https to a public host, on a port for it', () => {
    for (const url of refused) expect(webhookUrlFault(url, false), url).to.be.a('string');
    for (const url of taken) expect(webhookUrlFault(url, false), url).to.equal(undefined);
  });

  it('may be any host, port and http for development, and nothing else', () => {
    const local = ['http://127.0.0.1:3000/', 'http://localhost:80/', 'https://[::1]:8443/', 'http://10.0.0.1/'];
    for (const url of local) expect(webhookUrlFault(url, true), url).to.equal(undefined);
    const never = ['ftp://127.0.0.1/', 'http://user:secret@127.0.0.1/', 'file:///etc/passwd', 'http://'];
    for (const url of never) expect(webhookUrlFault(url, true), url).to.be.a('string');
  });
});

describe('a name that a webhook goes to', () => {
  const addressed = (...addresses: string[]): Resolve => {
    return async () => addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
  };
  const lookUp = (resolve: Resolve, all: boolean) =>
    new Promise<LookupAddress[]>((done, reject) => {
      publicLookup(resolve)('shop.example', { all }, (error, address, family) => {
        if (error) reject(error);
        else done(Array.isArray(address) ? address : [{ address, family: family as number }]);
      });
    });
  const codeOf = (promise: Promise<unknown>) =>
    promise.then(
      () => 'connects',
      ({ code }) => code,
    );

  it('is connected to at the addresses that were looked at', async () => {
    const both = addressed('8.8.8.8', '2606:4700::1111');
    expect(await lookUp(both, true)).to.deep.equal([
      { address: '8.8.8.8', family: 4 },
      { address: '2606:4700::1111', family: 6 },
    ]);
    expect(await lookUp(both, false)).to.deep.equal([{ address: '8.8.8.8', family: 4 }]);
  });

  it('is refused when any of its addresses is private, or it has none', async () => {
    for (const address of PRIVATE) {
      expect(await codeOf(lookUp(addressed(address), true)), address).to.equal('ADDRESS_REFUSED');
      expect(await codeOf(lookUp(addressed('8.8.8.8', address), false)), address).to.equal('ADDRESS_REFUSED');
    }
    expect(await codeOf(lookUp(addressed(), true))).to.equal('ADDRESS_REFUSED');
  });

  it('is looked up each time, so that one that leads elsewhere by now is refused', async () => {
    const answers = [addressed('8.8.8.8'), addressed('127.0.0.1')];
    const rebinding: Resolve = (host) => (answers.shift() as Resolve)(host);
    expect(await codeOf(lookUp(rebinding, true))).to.equal('connects');
    expect(await codeOf(lookUp(rebinding, true))).to.equal('ADDRESS_REFUSED');
  });

  it('says what the name servers say', async () => {
    const unknown: Resolve = async () => {
      throw Object.assign(new Error('queryA ENOTFOUND shop.example'), { code: 'ENOTFOUND' });
    };
    expect(await codeOf(lookUp(unknown, true))).to.equal('ENOTFOUND');
  });
});
