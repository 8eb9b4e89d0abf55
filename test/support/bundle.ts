import { basename, join } from 'node:path';
import { type BuildOptions, build } from 'esbuild';

let bundles = 0;

/** An entry in one ESM file, as services are deployed. */
export async function bundle(entry: string, folder: string, options: BuildOptions = {}): Promise<string> {
  bundles += 1;
  const outfile = join(folder, `${bundles}-${basename(entry, '.mjs')}.bundle.mjs`);
  const js = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";
  const all: BuildOptions = { bundle: true, platform: 'node', format: 'esm', banner: { js }, logLevel: 'error' };
  await build({ entryPoints: [entry], ...all, ...options, outfile });
  return outfile;
}
