/**
 * Generations of the Stainless SDKs that send through node-fetch, which no hook of ours sees. Told to use the global fetch, by their
 * web shim loaded before them, they are caught there.
 */
import module from 'node:module';
import { warnOnce } from '../../src/client/warn.ts';
import { nodeFetchTold } from './uncaught.ts';

const SHIM =
  /[\\/]node_modules[\\/]((?:@[^\\/]+[\\/])?[^\\/]+)[\\/](_shims[\\/]auto[\\/]runtime-node|shims[\\/]web)\.m?js$/;

/** Folders of packages that were told to use the global fetch. */
const withFetch = new Set<string>();

/** For every module that is loaded. */
export function warnNodeFetch(url: string): void {
  const [, folder, shim] = SHIM.exec(url) ?? [];
  if (folder === undefined || shim === undefined) return;
  if (shim.startsWith('shims')) withFetch.add(folder);
  else if (!withFetch.has(folder)) warn(nameIn(url, shim) ?? folder);
}

/** As npm calls it: an alias gives a package a folder of another name. */
function nameIn(url: string, shim: string): string | undefined {
  try {
    const root = url.slice(0, url.lastIndexOf(shim));
    const { name } = module.createRequire(root)('./package.json') as { name?: unknown };
    return typeof name === 'string' ? name : undefined;
  } catch {
    return undefined;
  }
}

function warn(name: string): void {
  nodeFetchTold();
  warnOnce(
    `node-fetch of ${name}`,
    `this version of ${name} sends through node-fetch, so its calls are NEITHER METERED NOR CAPPED; use a newer major version, or load '${name}/shims/web' after this and before it`,
  );
}
