// YAML as Compose, Kubernetes and Prometheus read it: version 1.1, with merge keys (`<<: *anchor`).

import { loadAll, YAML11_SCHEMA } from 'js-yaml';

// biome-ignore lint/suspicious/noExplicitAny: what a test looks into is the file's to say
export function readYaml(text: string): any {
  return readDocuments(text)[0];
}

export function readDocuments(text: string): unknown[] {
  return loadAll(text, { schema: YAML11_SCHEMA }) as unknown[];
}
