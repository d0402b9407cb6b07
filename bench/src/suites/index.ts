// Every suite there is, in the order in which they run.

import type { Suite } from '../suite.ts';
import { accept } from './accept.ts';
import { apply } from './apply.ts';
import { growth } from './growth.ts';
import { hot } from './hot.ts';
import { latency } from './latency.ts';
import { memory } from './memory.ts';
import { read } from './read.ts';
import { till } from './till.ts';

export const SUITES: readonly Suite[] = [apply, hot, accept, till, latency, read, growth, memory];
