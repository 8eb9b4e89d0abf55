import { isIPv4 } from 'node:net';

/** Whether a host name or address can only mean this machine. */
export function isLoopback(host: string): boolean {
  if (host === '127.0.0.1' || host === 'localhost') return true;
  const name = host.toLowerCase().replace(/^\[(.*)\]$/, '$1');
  if (name === 'localhost' || name === '::1' || name === '::ffff:127.0.0.1') return true;
  return isIPv4(name) && name.startsWith('127.');
}

/** The name in a Host header (`localhost:4319`, `[::1]:4319`) or `undefined` when it is none. */
export function hostName(header: string | undefined): string | undefined {
  return header === undefined ? undefined : /^(\[[0-9a-fA-F:.]+\]|[^:/@\s]+)(?::\d{1,5})?$/.exec(header)?.[1];
}

/** The name in an Origin header; `undefined` for `null` and for what is no web origin. */
export function originName(header: string): string | undefined {
  const match = /^https?:\/\/(.+)$/.exec(header);
  return match ? hostName(match[1]) : undefined;
}
