// A piece of network with a will of its own: stands between a client and a server, passes bytes on, and does to them
// whatever networks do. It can also stop the world at one moment on the wire, such as the answer to a COMMIT.

import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

export type Weather =
  | { mode: 'pass' }
  /** Each way, with half as much again or half as little. */
  | { mode: 'latency'; ms: number }
  | { mode: 'bandwidth'; bytes_per_s: number }
  /** Nothing passes and nothing ends; what was sent arrives once it clears, as TCP would have it. */
  | { mode: 'blackhole' }
  /** The connections there are now are dead, and neither end is ever told; new ones pass. */
  | { mode: 'half-open' }
  /** What the client sends, or what the server sends, is lost; a connection that lost something ends when it clears. */
  | { mode: 'drop-up' }
  | { mode: 'drop-down' }
  /** Every connection ends, and new ones are refused. */
  | { mode: 'refuse' }
  /** Every connection is reset; new ones pass. */
  | { mode: 'reset' };

/** A question of the client that has `text` in it, on a connection that has sent `after` since its last BEGIN. */
export interface Moment {
  text: string;
  after?: string;
  /** The question before the server has it, or the server's answer before the client has it. */
  what: 'question' | 'answer';
}

/** One connection, stopped at a moment: nothing passes, either way. */
export interface Caught {
  /** As if nothing had been. */
  release(): void;
  /** What was held is lost, and so is the connection. */
  cut(): void;
}

export interface TcpProxy {
  port: number;
  weather(): Weather['mode'];
  turn(weather: Weather): Promise<void>;
  /** Ends every connection, and refuses new ones. */
  cut(): Promise<void>;
  /** Takes connections again, on the same port, and passes everything. */
  mend(): Promise<void>;
  /** Stops the next connection that comes to this moment. `cancel` makes it resolve with undefined. */
  catch(moment: Moment): { caught: Promise<Caught | undefined>; cancel(): void };
  close(): Promise<void>;
}

const END = Symbol('the end of a connection');

interface Link {
  client: Socket;
  server: Socket;
  /** Dead without a word. */
  silent: boolean;
  /** Lost some bytes. */
  damaged: boolean;
  held: boolean;
  /** Texts that were seen since the last BEGIN, of those that somebody waits for. */
  seen: Set<string>;
  /** Moments whose question has passed, and whose answer comes next. */
  answers: Watch[];
}

interface Watch {
  moment: Moment;
  resolve(caught: Caught | undefined): void;
}

interface Network {
  weather: Weather;
  links: Set<Link>;
  watches: Set<Watch>;
  random: () => number;
  /** Resolves at the next change of the weather, or of what is held. */
  changed: Promise<void>;
  change(): void;
}

/** @param random for the latencies: from 0 up to 1 */
export async function startProxy(
  target: { host: string; port: number },
  random: () => number = Math.random,
): Promise<TcpProxy> {
  const network = newNetwork(random);
  const server = createServer({ noDelay: true }, (client) =>
    join(network, client, connect({ ...target, noDelay: true })),
  );
  await listen(server, 0);
  const { port } = server.address() as AddressInfo;
  const turn = async (weather: Weather) => {
    const links = [...network.links];
    network.weather = weather;
    if (weather.mode === 'half-open') for (const link of links) link.silent = true;
    if (weather.mode === 'reset') for (const link of links) for (const end of endsOf(link)) end.resetAndDestroy();
    for (const link of links) if (link.damaged) for (const end of endsOf(link)) end.destroy();
    if (weather.mode === 'refuse') await stopListening(server, network);
    else if (!server.listening) await listen(server, port);
    network.change();
  };
  return {
    port,
    turn,
    weather: () => network.weather.mode,
    cut: () => turn({ mode: 'refuse' }),
    mend: () => turn({ mode: 'pass' }),
    catch: (moment) => watch(network, moment),
    close: async () => {
      for (const { resolve } of network.watches) resolve(undefined);
      await stopListening(server, network);
    },
  };
}

const endsOf = ({ client, server }: Link): Socket[] => [client, server];

function newNetwork(random: () => number): Network {
  let wake = () => {};
  const network: Network = {
    ...{ weather: { mode: 'pass' }, links: new Set(), watches: new Set(), random, changed: Promise.resolve() },
    change: () => {
      const before = wake;
      network.changed = new Promise((resolve) => {
        wake = resolve;
      });
      before();
    },
  };
  network.change();
  return network;
}

function join(network: Network, client: Socket, server: Socket): void {
  const link: Link = {
    ...{ client, server, silent: false, damaged: false, held: false, seen: new Set<string>(), answers: [] },
  };
  network.links.add(link);
  const [up, down] = [lane(network, link, server), lane(network, link, client)];
  client.on('data', (bytes: Buffer) => {
    notice(network, link, bytes);
    up(bytes);
  });
  server.on('data', (bytes: Buffer) => {
    const waiting = link.answers.shift();
    if (waiting !== undefined) hold(network, link, waiting);
    down(bytes);
  });
  for (const [socket, other] of [[client, up] as const, [server, down] as const]) {
    // An end that was cut tells its other end below, by 'close'.
    socket.on('error', () => {});
    socket.on('close', () => {
      other(END);
      if (client.destroyed && server.destroyed) network.links.delete(link);
    });
  }
}

/** One direction of a connection: what is put in comes out at `to`, in order, as the weather allows. */
function lane(network: Network, link: Link, to: Socket): (part: Buffer | typeof END) => void {
  const waiting: (Buffer | typeof END)[] = [];
  let running = false;
  const pass = (part: Buffer | typeof END) => {
    if (part === END) to.destroy();
    else if (!to.destroyed) to.write(part);
  };
  const run = async () => {
    running = true;
    for (let part = waiting[0]; part !== undefined; part = waiting[0]) {
      if (await passage(network, link, { side: to === link.server ? 'up' : 'down', part })) pass(part);
      waiting.shift();
    }
    running = false;
  };
  return (part) => {
    if (!running && network.weather.mode === 'pass' && !link.held && !link.silent) return pass(part);
    waiting.push(part);
    if (!running) void run();
  };
}

/** Waits as long as it takes. @returns whether it arrives at all */
async function passage(
  network: Network,
  link: Link,
  { side, part }: { side: 'up' | 'down'; part: Buffer | typeof END },
): Promise<boolean> {
  while (!link.silent && (link.held || network.weather.mode === 'blackhole')) await network.changed;
  if (link.silent) return false;
  const { weather } = network;
  if (weather.mode === 'latency') await pause(weather.ms * (0.5 + network.random()));
  if (weather.mode === 'bandwidth' && part !== END) await pause((part.length / weather.bytes_per_s) * 1_000);
  if (weather.mode !== `drop-${side}` || part === END) return true;
  link.damaged = true;
  return false;
}

function watch(network: Network, moment: Moment): ReturnType<TcpProxy['catch']> {
  let cancel = () => {};
  const caught = new Promise<Caught | undefined>((resolve) => {
    const entry: Watch = { moment, resolve };
    network.watches.add(entry);
    cancel = () => {
      network.watches.delete(entry);
      resolve(undefined);
    };
  });
  return { caught, cancel };
}

/** Looks for what somebody waits for. Whoever asks sends a statement in one piece, because they are small. */
function notice(network: Network, link: Link, bytes: Buffer): void {
  if (network.watches.size === 0) return;
  if (bytes.includes('BEGIN')) link.seen.clear();
  for (const entry of network.watches) {
    const { text, after, what } = entry.moment;
    if (after !== undefined && bytes.includes(after)) link.seen.add(after);
    if ((after !== undefined && !link.seen.has(after)) || !bytes.includes(text)) continue;
    network.watches.delete(entry);
    if (what === 'question') hold(network, link, entry);
    else link.answers.push(entry);
  }
}

function hold(network: Network, link: Link, entry: Watch): void {
  link.held = true;
  entry.resolve({
    release: () => {
      link.held = false;
      network.change();
    },
    cut: () => {
      link.silent = true;
      for (const end of endsOf(link)) end.destroy();
      network.change();
    },
  });
}

async function stopListening(server: Server, { links }: Network): Promise<void> {
  const closed = new Promise((resolve) => (server.listening ? server.close(resolve) : resolve(undefined)));
  for (const link of links) for (const end of endsOf(link)) end.destroy();
  await closed;
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject);
      resolve();
    });
  });
}
