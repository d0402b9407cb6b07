// Chaos, short enough for every change: whatever happens to the processes, to Redis, to PostgreSQL and to the network,
// no promise is broken. `npm run chaos` runs it longer and prints how quick it is.

import { expect } from 'chai';
import { chaosOn } from './rig/chaos.ts';
import { type Rig, type Servers, startRig, startServers } from './rig/rig.ts';

const SECONDS = 20;
/** Few enough to leave something of the machine to the tests beside it. */
const TILLS = 6;

describe('while everything breaks that can', function () {
  this.timeout(300_000);
  let servers: Servers;
  let rig: Rig;

  before(async () => {
    servers = await startServers({ small_disk: true });
    if (servers.redis === null) console.log('LEFT OUT: faults of Redis, because there is no redis-server');
    const { no_small_disk } = servers.postgres;
    if (no_small_disk !== null) console.log(`LEFT OUT: the full disk, because ${no_small_disk}`);
    rig = await startRig(servers, { seed: 1 });
  });
  after(async () => {
    await rig?.stop();
    await servers?.stop();
  });

  for (const seed of [1, 2, 3]) {
    it(`keeps every promise (npm run chaos -- --seed ${seed} --seconds ${SECONDS} --tills ${TILLS})`, async () => {
      const result = await chaosOn(rig, { seed, seconds: SECONDS, tills: TILLS, drain_ms: 60_000 });
      expect(result.broken).to.deep.equal({});
      // Or there was nothing to break.
      expect(result.promised).to.be.above(0);
      expect(Object.keys(result.faults)).to.have.length.above(3);
    });
  }
});
