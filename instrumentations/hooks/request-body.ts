/** Request bodies: read without disturbing them, written again only where something has to change. */

/** The text of a body that can be read without consuming it; undefined for streams, forms and blobs. */
export function textOf(body: unknown): string | undefined {
  if (typeof body === 'string') return body;
  if (body instanceof ArrayBuffer) return Buffer.from(body).toString('utf8');
  if (ArrayBuffer.isView(body)) return Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8');
  return undefined;
}

export function parseObject(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The text of `after`, given the text of `before`. Where members were only added, they are put in front of the old text,
 * so that a long prompt is not serialised twice.
 */
export function serialise(text: string, before: object, after: object): string {
  if (after === before) return text;
  const added = addedMembers(before, after);
  if (added === undefined || !text.startsWith('{"')) return JSON.stringify(after);
  return `{${JSON.stringify(added).slice(1, -1)},${text.slice(1)}`;
}

/** Undefined when a member was changed or removed as well. */
function addedMembers(before: object, after: object): object | undefined {
  const old = before as Record<string, unknown>;
  const next = after as Record<string, unknown>;
  const added: Record<string, unknown> = {};
  for (const key in next) {
    if (!(key in old)) added[key] = next[key];
    else if (next[key] !== old[key]) return undefined;
  }
  for (const key in old) if (!(key in next)) return undefined;
  return Object.keys(added).length > 0 ? added : undefined;
}
