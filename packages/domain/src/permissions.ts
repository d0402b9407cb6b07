// Who may do what: one table, read by the router and by the tests. Deny by default.
// Knows no tokens and no HTTP.

export const ROLES = ['admin', 'manager', 'staff', 'service', 'ops', 'customer'] as const;
export type Role = (typeof ROLES)[number];

export const PERMISSIONS = [
  'customers:create',
  'customers:read',
  'customers:list',
  'customers:update',
  'customers:erase',
  'customers:export',
  'customers:merge',
  'customers:import',
  'loyalty:earn',
  'loyalty:redeem',
  'loyalty:hold',
  'loyalty:reverse',
  'loyalty:ingest',
  'loyalty:adjust',
  'loyalty:approve',
  'loyalty:read',
  'loyalty:rules',
  'loyalty:configure',
  'loyalty:verify',
  'loyalty:clock',
  'analytics:read',
  'audit:read',
  'webhooks:manage',
  'events:read',
  'me:read',
  'ops:read',
  'ops:operate',
] as const;
export type Permission = (typeof PERMISSIONS)[number];

/** `any`: every customer's. `own`: only where the customer asked about is the one who asks. */
export type Scope = 'any' | 'own';

const desk = { admin: 'any', manager: 'any', staff: 'any' } as const;

/** A role that a permission does not name does not have it. */
export const POLICY: Record<Permission, Partial<Record<Role, Scope>>> = {
  'customers:create': { ...desk, service: 'any' },
  'customers:read': { ...desk, service: 'any', customer: 'own' },
  'customers:list': { ...desk, service: 'any' },
  'customers:update': { ...desk, customer: 'own' },
  'customers:erase': { admin: 'any' },
  'customers:export': { admin: 'any', manager: 'any', customer: 'own' },
  'customers:merge': { admin: 'any', manager: 'any' },
  /** Makes and changes customers by the thousand, with the points they bring along. */
  'customers:import': { admin: 'any' },
  'loyalty:earn': { ...desk, service: 'any' },
  'loyalty:redeem': { ...desk, service: 'any' },
  'loyalty:hold': { ...desk, service: 'any' },
  'loyalty:reverse': { ...desk, service: 'any' },
  'loyalty:ingest': { ...desk, service: 'any' },
  'loyalty:adjust': { admin: 'any', manager: 'any' },
  'loyalty:approve': { admin: 'any' },
  'loyalty:read': { ...desk, service: 'any', customer: 'own' },
  'loyalty:rules': { ...desk, service: 'any' },
  'loyalty:configure': { admin: 'any' },
  'loyalty:clock': { admin: 'any' },
  'loyalty:verify': { admin: 'any', ops: 'any' },
  'analytics:read': { admin: 'any', manager: 'any' },
  'audit:read': { admin: 'any', manager: 'any' },
  'webhooks:manage': { admin: 'any' },
  'events:read': { admin: 'any', manager: 'any', service: 'any' },
  /** What one may do oneself: for those who may do something for others. */
  'me:read': { ...desk, service: 'any', ops: 'any' },
  'ops:read': { admin: 'any', manager: 'any', ops: 'any' },
  'ops:operate': { admin: 'any', ops: 'any' },
};

/** The points of the largest adjustment that a role makes alone; a larger one waits for a second person. */
const ADJUSTMENT_LIMITS: Partial<Record<Role, number>> = { manager: 5_000, admin: 50_000 };

export function adjustmentLimitOf(role: string): number {
  return isRole(role) ? (ADJUSTMENT_LIMITS[role] ?? 0) : 0;
}

/** How far `role` may use `permission`; undefined means not at all, as for any unknown role. */
export function scopeOf(role: string, permission: Permission): Scope | undefined {
  return isRole(role) ? POLICY[permission][role] : undefined;
}

export function isRole(role: string): role is Role {
  return (ROLES as readonly string[]).includes(role);
}
