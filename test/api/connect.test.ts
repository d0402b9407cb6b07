// CONNECT, after which a connection is no longer Node's to look after: whatever its other end does, the API lives.

import { connect, type Socket } from 'node:net';
import { expect } from 'chai';
import { type Service, startService } from '../helpers/service.ts';
import { until } from '../helpers/until.ts';

describe('CONNECT', () => {
  let service: Service;
  before(async () => {
    service = await startService();
  });
  after(() => service.stop());

  /** Sends CONNECT and resolves with the socket once its answer has come. */
  function ask(): Promise<Socket> {
    const { hostname, port } = new URL(service.url);
    return new Promise((resolve, reject) => {
      const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
      socket.once('error', reject);
      socket.once('data', (bytes) => {
        socket.removeAllListeners('error').on('error', () => {});
        if (/^HTTP\/1.1 501 /.test(bytes.toString())) resolve(socket);
        else reject(new Error(bytes.toString()));
      });
      socket.write('CONNECT service.example:443 HTTP/1.1\r\nHost: x\r\n\r\n');
    });
  }

  it('does not end the process when its connection is reset', async () => {
    for (let turn = 0; turn < 5; turn += 1) (await ask()).resetAndDestroy();
    expect((await service.request('GET', '/health')).status).to.equal(200);
    expect(service.api.exitCode).to.equal(null);
  });

  it('does not keep its connection, and so not the end of the process either', async () => {
    const silent = await ask();
    await until(() => silent.readableEnded || silent.destroyed, { what: 'the end of the connection' });
    const talking = await ask();
    talking.write('anything');
    const started = performance.now();
    service.api.kill('SIGTERM');
    await until(() => service.api.exitCode ?? undefined, { what: 'the end of the API' });
    expect(service.api.exitCode).to.equal(0);
    expect(performance.now() - started).to.be.below(8_000);
    silent.destroy();
    talking.destroy();
  });
});
