/** Failures of a request, by what they say of whether it was sent. */

/** `error.type`: a name without content. */
export function errorTypeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'error';
  const code = (error.cause as { code?: unknown } | undefined)?.code ?? (error as { code?: unknown }).code;
  return typeof code === 'string' ? code : error.name;
}

/** Failures that happen before any byte of the request has reached a provider. */
const NEVER_CONNECTED: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
  'ERR_INVALID_URL',
]);

export function isUnsent(error: unknown): boolean {
  return NEVER_CONNECTED.has(errorTypeOf(error));
}
