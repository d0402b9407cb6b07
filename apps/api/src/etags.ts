// Lists of entity tags in If-Match and If-None-Match (RFC 9110, 8.8.3 and 13.1). Knows no customers.

const TAG = /(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"/;
const LIST = new RegExp(`^[ \\t,]*${TAG.source}(?:[ \\t]*,[ \\t,]*${TAG.source})*[ \\t,]*$`);

/** @returns the tags as they were sent, weak ones with their `W/`; undefined for what is no list of tags */
export function parseTags(header: string): string[] | undefined {
  return LIST.test(header) ? (header.match(new RegExp(TAG, 'g')) ?? []) : undefined;
}

/** Whether the caller has what is being answered already. Weak comparison; what is no list of tags asks nothing. */
export function isHeld(header: string, etag: string): boolean {
  return header === '*' || (parseTags(header) ?? []).some((tag) => tag.replace(/^W\//, '') === etag);
}
