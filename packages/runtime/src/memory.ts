// How much memory a process takes for what it no longer needs.

import { setFlagsFromString } from 'node:v8';

/**
 * Collects what is left over once it is as much as what is in use. By default V8 lets it grow to several times as much on
 * a machine with memory to spare: an API at full load held 250 MB and used 60. Costs about 3 % of the requests a second.
 */
export function keepHeapSmall(): void {
  setFlagsFromString('--heap-growing-percent=100');
}
