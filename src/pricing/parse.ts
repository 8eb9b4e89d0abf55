/** Readers of JSON that somebody sent: the value, or undefined when it is anything else. They never throw. */
const MAX_TEXT = 512;
const INTEGER = /^(?:0|[1-9]\d{0,24})$/;

export type Fields = Readonly<Record<string, unknown>>;

export function fields(value: unknown): Fields | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;
}

export function text(value: unknown): string | undefined {
  return typeof value === 'string' && value.length <= MAX_TEXT ? value : undefined;
}

/** A non-negative integer as a decimal string: money and rates. */
export function bigintText(value: unknown): bigint | undefined {
  return typeof value === 'string' && INTEGER.test(value) ? BigInt(value) : undefined;
}

export function count(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}

export function integer(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) ? value : undefined;
}

export function oneOf<T extends string>(value: unknown, values: readonly T[]): T | undefined {
  return values.find((known) => known === value);
}

/** A list of at most `max`; undefined when any of its items is. */
export function list<T>(value: unknown, max: number, item: (value: unknown) => T | undefined): T[] | undefined {
  if (!Array.isArray(value) || value.length > max) return undefined;
  const items: T[] = [];
  for (const entry of value as unknown[]) {
    const read = item(entry);
    if (read === undefined) return undefined;
    items.push(read);
  }
  return items;
}

/** A record of at most `max` entries; undefined when any of its values is. */
export function record<T>(
  value: unknown,
  max: number,
  item: (value: unknown) => T | undefined,
): Record<string, T> | undefined {
  const from = fields(value);
  if (!from || Object.hasOwn(from, '__proto__')) return undefined;
  const keys = Object.keys(from);
  const values = list(Object.values(from), max, item);
  return values && Object.fromEntries(keys.map((key, index) => [key, values[index]!]));
}

/** `{}` for an absent optional field, `{ key: value }` for a good one, undefined for a bad one. */
export function optional<K extends string, T>(
  from: Fields,
  key: K,
  read: (value: unknown) => T | undefined,
): Partial<Record<K, T>> | undefined {
  const value = from[key];
  if (value === undefined) return {};
  const good = read(value);
  return good === undefined ? undefined : ({ [key]: good } as Partial<Record<K, T>>);
}
