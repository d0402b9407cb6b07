// Who may do what, spelled out a second time: a change of the policy has to be made here as well, on purpose.

import { isRole, PERMISSIONS, type Permission, ROLES, type Scope, scopeOf } from '@customer-service/domain';
import { expect } from 'chai';

const any = 'any';
const own = 'own';
const no = undefined;

const roles = ['admin', 'manager', 'staff', 'service', 'ops', 'customer'] as const;
// biome-ignore format: a matrix reads best as one
const matrix: Record<Permission, (Scope | undefined)[]> = {
  //                   admin manager staff service ops customer
  'customers:create': [any,  any,    any,  any,    no, no],
  'customers:read':   [any,  any,    any,  any,    no, own],
  'customers:list':   [any,  any,    any,  any,    no, no],
  'customers:update': [any,  any,    any,  no,     no, own],
  'customers:erase':  [any,  no,     no,   no,     no, no],
  'customers:export': [any,  any,    no,   no,     no, own],
  'customers:merge':  [any,  any,    no,   no,     no, no],
  'customers:import': [any,  no,     no,   no,     no, no],
  'loyalty:earn':     [any,  any,    any,  any,    no, no],
  'loyalty:redeem':   [any,  any,    any,  any,    no, no],
  'loyalty:ingest':   [any,  any,    any,  any,    no, no],
  'loyalty:hold':     [any,  any,    any,  any,    no, no],
  'loyalty:reverse':  [any,  any,    any,  any,    no, no],
  'loyalty:adjust':   [any,  any,    no,   no,     no, no],
  'loyalty:approve':  [any,  no,     no,   no,     no, no],
  'loyalty:read':     [any,  any,    any,  any,    no, own],
  'loyalty:rules':    [any,  any,    any,  any,    no, no],
  'loyalty:configure': [any, no,     no,   no,     no, no],
  'loyalty:clock':    [any,  no,     no,   no,     no, no],
  'loyalty:verify':   [any,  no,     no,   no,     any, no],
  'analytics:read':   [any,  any,    no,   no,     no, no],
  'audit:read':       [any,  any,    no,   no,     no, no],
  'webhooks:manage':  [any,  no,     no,   no,     no, no],
  'events:read':      [any,  any,    no,   any,    no, no],
  'me:read':          [any,  any,    any,  any,    any, no],
  'ops:read':         [any,  any,    no,   no,     any, no],
  'ops:operate':      [any,  no,     no,   no,     any, no],
};

describe('the permissions', () => {
  it('know exactly the roles and permissions of this matrix', () => {
    expect([...ROLES]).to.deep.equal([...roles]);
    expect([...PERMISSIONS].sort()).to.deep.equal(Object.keys(matrix).sort());
  });

  for (const permission of PERMISSIONS) {
    const row = roles.map((role, index) => `${role} ${matrix[permission][index] ?? 'not at all'}`);
    it(`let use ${permission}: ${row.join(', ')}`, () => {
      expect(roles.map((role) => scopeOf(role, permission))).to.deep.equal(matrix[permission]);
    });
  }

  // Names that are no role, among them those that every JavaScript object answers to.
  const strangers = ['', 'Admin', 'ADMIN', 'admin ', 'root', 'any', 'own', '0', 'null', 'undefined', 'authenticated'];
  const inherited = ['constructor', '__proto__', 'prototype', 'toString', 'hasOwnProperty', 'length', 'includes'];
  it('give nothing to a name that is no role', () => {
    for (const role of [...strangers, ...inherited]) {
      expect(isRole(role), role).to.equal(false);
      for (const permission of PERMISSIONS) expect(scopeOf(role, permission), role).to.equal(undefined);
    }
  });

  it('give a customer nothing but their own', () => {
    const scopes = PERMISSIONS.map((permission) => scopeOf('customer', permission));
    expect(scopes).to.include('own').and.not.include('any');
  });
});
