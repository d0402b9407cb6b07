// Who does it, as the audit log keeps it.

import type { Actor } from '@customer-service/store';
import type { ApiRequest } from './route.ts';

export function actorOf(request: Pick<ApiRequest, 'principal' | 'request_id'>, reason?: string): Actor {
  const { role, sub } = request.principal;
  return { role, sub, request_id: request.request_id, reason };
}
