// What every page has: its heading, which takes the focus when one comes here, and a line while it is asking.

import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { Fault } from '../faults.tsx';
import { words } from '../format.ts';
import type { Asked } from '../use-answer.ts';

interface PageProps {
  title: string;
  /** Beside the heading. */
  aside?: ComponentChildren;
  /** Whether something else on the page takes the focus. */
  keepFocus?: boolean;
  children: ComponentChildren;
}

export function Page({ title, aside, keepFocus, children }: PageProps) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${title} · Customer Service`;
  }, [title]);
  useEffect(() => {
    if (!keepFocus) heading.current?.focus();
  }, []);
  return (
    <>
      <div class="heading">
        <h1 ref={heading} tabIndex={-1}>
          {title}
        </h1>
        {aside}
      </div>
      {children}
    </>
  );
}

/** What was asked for, once it is there; its fault above it. */
export function Answered<Answer>({
  asked,
  children,
}: {
  asked: Asked<Answer>;
  children: (answer: Answer) => ComponentChildren;
}) {
  return (
    <>
      <Fault of={asked.fault} onRetry={asked.reload} />
      {asked.answer === undefined ? asked.busy && <p class="quiet">Loading …</p> : children(asked.answer)}
    </>
  );
}

export function Tier({ tier }: { tier: string }) {
  return <span class={`tier ${tier}`}>{words(tier)}</span>;
}

export function Figure({ name, children, hint }: { name: string; children: ComponentChildren; hint?: string }) {
  return (
    <div class="figure">
      <dt>{name}</dt>
      <dd>
        {children}
        {hint && <small class="quiet">{hint}</small>}
      </dd>
    </div>
  );
}
