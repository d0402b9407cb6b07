// Every page on one screen: its place, its name, and the permission without which it isn't shown.

import type { ComponentChildren } from 'preact';
import { AnalyticsPage } from './analytics/analytics-page.tsx';
import { ApprovalsPage } from './approvals/approvals-page.tsx';
import { CustomerPage } from './customer/customer-page.tsx';
import { CustomersPage } from './customers/customers-page.tsx';
import { DuplicatesPage } from './duplicates/duplicates-page.tsx';
import { Page } from './parts/page.tsx';
import { ProgrammePage } from './programme/programme-page.tsx';
import type { Place } from './router.ts';
import type { Permission, Session } from './session.ts';

interface PageEntry {
  name: string;
  title: string;
  permission: Permission;
  show(): ComponentChildren;
}

const PAGES: readonly PageEntry[] = [
  { name: 'customers', title: 'Customers', permission: 'customers:list', show: () => <CustomersPage /> },
  { name: 'analytics', title: 'Analytics', permission: 'analytics:read', show: () => <AnalyticsPage /> },
  { name: 'programme', title: 'Programme', permission: 'loyalty:rules', show: () => <ProgrammePage /> },
  { name: 'duplicates', title: 'Duplicates', permission: 'customers:merge', show: () => <DuplicatesPage /> },
  { name: 'approvals', title: 'Approvals', permission: 'loyalty:adjust', show: () => <ApprovalsPage /> },
];

export const linksFor = (session: Session): readonly PageEntry[] =>
  PAGES.filter(({ permission }) => session.may(permission));

export function pageAt([name = 'customers', id, ...rest]: Place, session: Session): ComponentChildren {
  if (name === 'customers' && id !== undefined && rest.length === 0) return <CustomerPage key={id} id={id} />;
  const page = linksFor(session).find((each) => each.name === name);
  if (page === undefined || id !== undefined) {
    return (
      <Page title="There is nothing here">
        <p>The address is wrong, or your role has no part in this page.</p>
      </Page>
    );
  }
  return page.show();
}
