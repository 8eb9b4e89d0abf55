import type { Route } from './route.ts';

export type HotMatch = { route: Route; id: string };

/**
 * Finds the hot route of a request, or `undefined`: then node and express decide. Query strings, escapes and anything
 * else unusual are left to them.
 */
export function hotMatcher(routes: readonly Route[]): (method: string, url: string) => HotMatch | undefined {
  const byPath = new Map(routes.filter((route) => route.hot).map((route) => [route.path, route]));
  return (method, url) => {
    if (method !== 'POST') return undefined;
    const exact = byPath.get(url);
    if (exact) return exact.path.includes(':') ? undefined : { route: exact, id: '' };
    const actionSlash = url.lastIndexOf('/');
    const idSlash = url.lastIndexOf('/', actionSlash - 1);
    const id = url.slice(idSlash + 1, actionSlash);
    if (id === '' || /[%?#]/.test(id)) return undefined;
    const route = byPath.get(`${url.slice(0, idSlash)}/:id${url.slice(actionSlash)}`);
    return route && { route, id };
  };
}
