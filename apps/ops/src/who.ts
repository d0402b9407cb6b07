// Who is at the command line, for the audit log and whoever reads it.

import { userInfo } from 'node:os';
import type { Actor } from '@customer-service/store';

export const actor = (reason?: string): Actor => ({ role: 'ops', sub: `command:${name()}`, request_id: null, reason });

/** A container may run under a number that has no name. */
function name(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.()}`;
  }
}
