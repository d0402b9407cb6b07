// The only reader of process.env. Every fault of the environment is told at once, before anything starts.

import Joi from 'joi';
import { type AccessConfig, access_keys, toAccessConfig } from './access-config.ts';

interface ProcessConfig {
  database_url: string;
  /** For migrations and the queue, which a pooler in transaction mode can't serve. */
  direct_database_url: string;
  /** Set: the queue is on Redis. Null: it lives in the same PostgreSQL. */
  redis_url: string | null;
  log_level: string;
  /** Where metrics, probes and dashboards are served; apart from what is public. */
  ops_host: string;
  /** Whether webhooks may go to private addresses, and by http: for development. */
  webhooks_allow_private: boolean;
}

export interface WorkerConfig extends ProcessConfig {
  /** Null: no listener, so that any number of workers can run on one machine. */
  ops_port: number | null;
}

export interface ApiConfig extends ProcessConfig, AccessConfig {
  host: string;
  port: number;
  /** How much one process has under way at the most: requests, and 64 KiB of their bodies. */
  max_in_flight: number;
  ops_port: number;
  /** Signs in on the ops page as the user `ops`; null: with a token only. */
  ops_password: string | null;
  /** Whether PUT /test-clock may move the ledger's clock; never in production. */
  test_clock: boolean;
}

type Environment = Record<string, string | undefined>;

const process_schema = Joi.object({
  DATABASE_URL: Joi.string()
    .uri({ scheme: ['postgres', 'postgresql'] })
    .required(),
  DIRECT_DATABASE_URL: Joi.string().uri({ scheme: ['postgres', 'postgresql'] }),
  REDIS_URL: Joi.string().uri({ scheme: ['redis', 'rediss'] }),
  LOG_LEVEL: Joi.string().valid('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent').default('info'),
  OPS_HOST: Joi.string().default('127.0.0.1'),
  WEBHOOKS_ALLOW_PRIVATE: Joi.boolean().truthy('1').falsy('0').default(false),
});

const worker_schema = process_schema.keys({ WORKER_OPS_PORT: Joi.number().port() });

const api_schema = process_schema
  .keys({
    HOST: Joi.string().default('127.0.0.1'),
    PORT: Joi.number().port().default(3000),
    MAX_IN_FLIGHT: Joi.number().integer().min(32).default(500),
    OPS_PORT: Joi.number().port().default(3001),
    OPS_PASSWORD: Joi.string().min(12),
    NODE_ENV: Joi.string(),
    TEST_CLOCK: Joi.boolean()
      .truthy('1')
      .falsy('0')
      .default(false)
      .custom((value: boolean, { state, error }) =>
        value && state.ancestors[0].NODE_ENV === 'production' ? error('any.invalid') : value,
      )
      .messages({ 'any.invalid': 'must not be set in production' }),
    ...access_keys,
  })
  .xor('JWT_SECRET', 'JWT_PUBLIC_KEY', 'JWKS_URL')
  .with('JWT_SECRET_PREVIOUS', 'JWT_SECRET')
  .and('OIDC_ISSUER', 'OIDC_CLIENT_ID')
  .without('OIDC_ISSUER', 'JWT_SECRET')
  .messages({
    'object.missing': 'one of JWT_SECRET, JWT_PUBLIC_KEY and JWKS_URL is required',
    'object.xor': 'only one of JWT_SECRET, JWT_PUBLIC_KEY and JWKS_URL can be used',
    'object.with': 'JWT_SECRET_PREVIOUS goes with JWT_SECRET only',
    'object.and': 'OIDC_ISSUER and OIDC_CLIENT_ID go together',
    'object.without': 'OIDC_ISSUER goes with JWKS_URL or JWT_PUBLIC_KEY: no provider signs with our secret',
  });

export function loadWorkerConfig(environment: Environment = process.env): WorkerConfig {
  const value = check(worker_schema, environment);
  const { WORKER_OPS_PORT: port } = value;
  return { ...processConfig(value), ops_port: port === undefined ? null : Number(port) };
}

/** @throws Error that lists every fault, a line each, with no value in it */
export function loadApiConfig(environment: Environment = process.env): ApiConfig {
  const value = check(api_schema, environment);
  return {
    ...processConfig(value),
    host: value.HOST as string,
    port: Number(value.PORT),
    max_in_flight: Number(value.MAX_IN_FLIGHT),
    ops_port: Number(value.OPS_PORT),
    ops_password: value.OPS_PASSWORD ?? null,
    test_clock: Boolean(value.TEST_CLOCK),
    ...toAccessConfig(value),
  };
}

function processConfig(value: Partial<Record<string, string>>): ProcessConfig {
  return {
    database_url: value.DATABASE_URL as string,
    direct_database_url: value.DIRECT_DATABASE_URL ?? (value.DATABASE_URL as string),
    redis_url: value.REDIS_URL ?? null,
    log_level: value.LOG_LEVEL as string,
    ops_host: value.OPS_HOST as string,
    webhooks_allow_private: Boolean(value.WEBHOOKS_ALLOW_PRIVATE),
  };
}

/** An empty variable counts as unset, as compose files and shells write it. */
function check(schema: Joi.ObjectSchema, environment: Environment): Partial<Record<string, string>> {
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
  const { error, value } = schema.validate(given, {
    abortEarly: false,
    stripUnknown: true,
    errors: { wrap: { label: false } },
  });
  if (error === undefined) return value;
  // Joi's own sentences may quote a value, and the value may be a password.
  const together = ({ type }: Joi.ValidationErrorItem) => (/\.(and|without)$/.test(type) ? 'OIDC' : 'JWT');
  const faults = error.details.map((fault) => `- ${fault.path.join('.') || together(fault)}: ${explain(fault)}`);
  throw new Error(`The environment is not right:\n${faults.join('\n')}`);
}

function explain(fault: Joi.ValidationErrorItem): string {
  const quotes = /pattern|uri/.test(fault.type) && !/invert/.test(fault.type);
  return quotes ? `is not ${fault.context?.name ?? 'a URL of the right kind'}` : fault.message;
}
