/** Reads of request headers, in any of the shapes that fetch takes. */

export type AnyHeaders =
  | Headers
  | readonly (readonly [string, string])[]
  | Readonly<Record<string, unknown>>
  | undefined
  | null;

export function headerOf(headers: AnyHeaders, name: string): string | undefined {
  if (!headers) return undefined;
  if (typeof (headers as Headers).get === 'function') return (headers as Headers).get(name) ?? undefined;
  const entries = Array.isArray(headers) ? headers : Object.entries(headers);
  const found = entries.find(([key]) => String(key).toLowerCase() === name);
  return found === undefined || found[1] === undefined || found[1] === null ? undefined : String(found[1]);
}

/** Where providers look for the API key. */
export function apiKeyOf(headers: AnyHeaders): string | undefined {
  const bearer = headerOf(headers, 'authorization');
  if (bearer !== undefined && /^bearer /i.test(bearer)) return bearer.slice(7).trim() || undefined;
  return headerOf(headers, 'x-api-key') ?? headerOf(headers, 'api-key') ?? headerOf(headers, 'x-goog-api-key');
}

/** AWS's signature, which covers the path, the body and most headers. */
export function isSigned(headers: AnyHeaders): boolean {
  return headerOf(headers, 'authorization')?.startsWith('AWS4-') ?? false;
}

/** `baggage` without its `spendfuse.*` members; undefined when nothing has to change. `''`: nothing is left. */
export function foreignBaggage(headers: AnyHeaders): string | undefined {
  const baggage = headerOf(headers, 'baggage');
  if (baggage === undefined || !baggage.includes('spendfuse.')) return undefined;
  return baggage
    .split(',')
    .filter((member) => !member.trim().startsWith('spendfuse.'))
    .join(',');
}

/** A copy without our baggage; the same object when there is none in it. */
export function withoutOwnBaggage<T extends AnyHeaders>(headers: T): T | Headers {
  const baggage = foreignBaggage(headers);
  if (baggage === undefined) return headers;
  const copy = new Headers(headers as ConstructorParameters<typeof Headers>[0]);
  if (baggage === '') copy.delete('baggage');
  else copy.set('baggage', baggage);
  return copy;
}

/**
 * A copy without the length of a body that has become another, and for a form without its type as well, which names what lies between its
 * fields; fetch writes them anew.
 */
export function withoutLength<T extends AnyHeaders>(headers: T, isForm = false): T | Headers {
  const names = isForm ? ['content-length', 'content-type'] : ['content-length'];
  if (names.every((name) => headerOf(headers, name) === undefined)) return headers;
  const copy = new Headers(headers as ConstructorParameters<typeof Headers>[0]);
  for (const name of names) copy.delete(name);
  return copy;
}

/** A copy with another value of one header. */
export function withHeader(headers: AnyHeaders, name: string, value: string): Headers {
  const copy = new Headers(headers as ConstructorParameters<typeof Headers>[0]);
  copy.set(name, value);
  return copy;
}
