/** Who asks, and whether they may: bearer tokens and roles, or loopback only. */
import type { IncomingMessage } from 'node:http';
import type { TokenEntry } from '../config/config.ts';
import type { Principal } from '../enforce/enforcer.ts';
import { hostName, isLoopback, originName } from './loopback.ts';
import { problem } from './problem.ts';
import type { Reply, Route } from './route.ts';

/** The token entry of a secret, or nobody's. The secret itself is never kept. */
export type TokenLookup = (secret: string) => TokenEntry | undefined;

export type Admission = { principal: Principal } | { problem: Reply };

/** Everybody on this machine, while no tokens are configured. */
const LOCAL: Principal = { name: 'loopback' };
const LOCAL_ADMISSION: Admission = { principal: LOCAL };
const ANYONE: Principal = { name: 'anyone' };

export function authenticate(request: IncomingMessage, route: Route, tokens: TokenLookup | undefined): Admission {
  if (!tokens) return openAccess(request);
  if (route.access === 'anyone') return { principal: ANYONE };
  const header = request.headers.authorization;
  const secret = header === undefined ? undefined : /^Bearer +([^\s]+) *$/i.exec(header)?.[1];
  if (secret === undefined) return { problem: unauthenticated('send a token as "Authorization: Bearer …"', '') };
  const entry = tokens(secret);
  if (!entry) return { problem: unauthenticated('the token is not known', ', error="invalid_token"') };
  if (entry.role !== 'admin' && !route.access.includes(entry.role)) return { problem: forbidden(entry, route) };
  return { principal: { name: entry.name, token: entry } };
}

function unauthenticated(detail: string, error: string): Reply {
  return problem(401, 'unauthenticated', detail, {
    headers: { 'www-authenticate': `Bearer realm="spendfuse"${error}` },
  });
}

function forbidden(entry: TokenEntry, route: Route): Reply {
  const needed = [...(route.access as readonly string[]), 'admin'].join(' or ');
  const detail = `token "${entry.name}" has the role ${entry.role}; ${route.method} ${route.path} needs ${needed}`;
  return problem(403, 'forbidden', detail);
}

/** Clients keep to one name: the last one that was found to be local. */
let lastLocal: string | undefined;

function isLocal(header: string | undefined): boolean {
  if (header !== undefined && header === lastLocal) return true;
  const host = hostName(header);
  if (host === undefined || !isLoopback(host)) return false;
  lastLocal = header;
  return true;
}

/**
 * Without tokens the socket is on loopback, but a web page can still reach it through the browser: by a name that it
 * rebinds to 127.0.0.1 (Host tells) or by a form that it posts across sites (Origin tells).
 */
function openAccess(request: IncomingMessage): Admission {
  const { host, origin } = request.headers;
  if (isLocal(host) && (origin === undefined || isLoopback(originName(origin) ?? ''))) return LOCAL_ADMISSION;
  const detail = 'without tokens the server answers only requests from and to localhost; add tokens to the config';
  return { problem: problem(403, 'host-not-allowed', detail) };
}
