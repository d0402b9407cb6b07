// Bull Board under Koa: the queue's jobs, for people. It renders with files of its own, asks nobody outside, and is told
// by `actions` whether its buttons work.

import { STATUS_CODES } from 'node:http';
import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import type {
  AppControllerRoute,
  AppViewRoute,
  BullBoardQueues,
  ControllerHandlerReturnType,
  IServerAdapter,
  UIConfig,
} from '@bull-board/api/typings/app';
import { QUEUE_NAMES, type QueueName, type QueueView } from '@customer-service/runtime';
import Router from '@koa/router';
import ejs from 'ejs';
import type { Context, Middleware } from 'koa';
import send from 'koa-send';
import rawBody from 'raw-body';
import { Problem } from '../problems.ts';

const MAX_BYTES = 256 * 1024;
/** The one address outside that its page names; without it the page takes the system's own letters. */
const WEB_FONTS = /<link href="https:\/\/fonts\.[^>]*>/;

const DESCRIPTIONS: Record<QueueName, string> = {
  loyalty:
    'Rings: a job names up to 50 transactions that wait. The points are safe in PostgreSQL, whatever becomes of it.',
  webhooks:
    'Rings: a job says how many events are new. What is to be sent where is in PostgreSQL, whatever becomes of it.',
};

/** @param base path of the board, without a slash at its end */
export function createBoard(
  base: string,
  views: Record<QueueName, QueueView>,
  { actions }: { actions: boolean },
): Middleware {
  const adapter = new KoaAdapter(base);
  const queues = QUEUE_NAMES.map(
    (name) => new BullMQAdapter(views[name].queue, { readOnlyMode: !actions, description: DESCRIPTIONS[name] }),
  );
  createBullBoard({
    queues,
    serverAdapter: adapter,
    options: {
      uiConfig: {
        boardTitle: 'Customer Service',
        miscLinks: [{ text: 'Overview', url: '/ops' }],
        pollingInterval: { showSetting: true },
      },
    },
  });
  return adapter.middleware();
}

/** A class because the library wants one that answers each call with itself. */
class KoaAdapter implements IServerAdapter {
  private readonly router: Router;
  private readonly base: string;
  private queues: BullBoardQueues = new Map();
  private views = '';
  private config: UIConfig = {};
  private onError: ((error: Error) => ControllerHandlerReturnType) | undefined;

  constructor(base: string) {
    this.base = base;
    this.router = new Router({ prefix: base });
  }

  middleware(): Middleware {
    return this.router.routes() as Middleware;
  }

  setQueues(queues: BullBoardQueues): this {
    this.queues = queues;
    return this;
  }

  setViewsPath(path: string): this {
    this.views = path;
    return this;
  }

  setUIConfig(config: UIConfig = {}): this {
    this.config = config;
    return this;
  }

  setErrorHandler(handler: (error: Error) => ControllerHandlerReturnType): this {
    this.onError = handler;
    return this;
  }

  setStaticPath(route: string, root: string): this {
    this.router.get(`${route}/*file`, async (ctx) => {
      // Names of files carry a digest of what is in them.
      await send(ctx, ctx.params.file as string, { root, maxage: 86_400_000 });
    });
    return this;
  }

  setEntryRoute({ route, handler }: AppViewRoute): this {
    for (const path of [route].flat()) {
      this.router.get(path === '/' ? '{/}' : path, async (ctx) => {
        const { name, params } = handler({ basePath: this.base, uiConfig: this.config });
        const page = await ejs.renderFile(`${this.views}/${name}`, params);
        ctx.type = 'html';
        ctx.body = page.replace(WEB_FONTS, '');
      });
    }
    return this;
  }

  setApiRoutes(routes: AppControllerRoute[]): this {
    for (const { method, route, handler } of routes) {
      for (const verb of [method].flat()) {
        this.router[verb]([route].flat(), async (ctx) => {
          const { status = 200, body } = await Promise.resolve(
            handler({
              queues: this.queues,
              query: { ...ctx.query } as Record<string, string>,
              params: ctx.params,
              uiConfig: this.config,
              body: await readBody(ctx),
              headers: ctx.headers as Record<string, string>,
            }),
          ).catch((error: Error) => this.onError?.(error) ?? { status: 500, body: STATUS_CODES[500] });
          ctx.status = status;
          ctx.body = body;
        });
      }
    }
    return this;
  }
}

async function readBody(ctx: Context): Promise<Record<string, unknown>> {
  if (ctx.method === 'GET' || !ctx.request.length) return {};
  const text = await rawBody(ctx.req, { limit: MAX_BYTES, encoding: 'utf8' });
  try {
    return JSON.parse(text);
  } catch {
    throw new Problem('malformed-json', 'The body is not JSON.');
  }
}
