// Who asks, as the token says, and what this service lets them do: so that no client has to know the policy.

import { adjustmentLimitOf, PERMISSIONS, scopeOf } from '@customer-service/domain';
import type { Answer, ApiRequest } from '../route.ts';

export function read({ principal: { sub, role } }: ApiRequest): Answer {
  const permissions = PERMISSIONS.filter((permission) => scopeOf(role, permission) === 'any');
  return { status: 200, body: { sub, role, permissions, adjustment_limit: adjustmentLimitOf(role) } };
}
