// Tokens to try the service with, one a role.

import { ROLES, type Role } from '@customer-service/domain';
import type { TokenConfig } from '@customer-service/runtime';
import jwt from 'jsonwebtoken';

/**
 * @param customer_id whom the customer's token speaks for; without one it may see nobody
 * @returns a token a role, valid for 30 days, as the configuration wants them. The key must be a shared secret.
 */
export function createTokens(config: TokenConfig, customer_id?: string): Record<Role, string> {
  const { keys } = config;
  if (keys.kind !== 'secret') throw new Error('Only a shared secret can sign tokens here.');
  const options: jwt.SignOptions = {
    algorithm: 'HS256',
    expiresIn: '30d',
    ...(config.issuer !== null && { issuer: config.issuer }),
    ...(config.audience !== null && { audience: config.audience }),
  };
  const subject = (role: Role) => (role === 'customer' && customer_id) || `demo-${role}`;
  const sign = (role: Role) =>
    jwt.sign({ sub: subject(role), ...claim(config.role_claim, role) }, keys.secret, options);
  return Object.fromEntries(ROLES.map((role) => [role, sign(role)])) as Record<Role, string>;
}

/** `app_metadata.role` becomes `{ app_metadata: { role } }`. */
function claim(path: string, role: Role): object {
  return path
    .split('.')
    .reverse()
    .reduce<unknown>((inner, name) => ({ [name]: inner }), role) as object;
}
