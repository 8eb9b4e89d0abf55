/** Runs the cases of a package twice, bare and instrumented, each against a provider of its own. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { SettlementRequest } from '../../src/protocol/wire.ts';
import { bundle } from '../support/bundle.ts';
import { type Seen as Request, startProvider } from '../support/provider.ts';
import { type Ran, REGISTER, runApp } from '../support/run-app.ts';
import { contended, downgrade } from '../support/stage.ts';
import { allow, deny, type StubServer, startStub } from '../support/stub-server.ts';
import type { Cases, Load, Sdk, SdkPackage } from './sdk.ts';

export interface Combination {
  sdk: Sdk;
  package: SdkPackage;
  load: Load;
}

export const LIMIT = 20;

/** Case → result or error, as the application saw it. */
type Seen = Record<string, { result?: unknown; error?: unknown }>;

export interface Outcome {
  stub: StubServer;
  bare: Seen;
  instrumented: Seen;
  /** Requests that each side's provider got. */
  sent: { bare: readonly Request[]; instrumented: readonly Request[] };
  stderr: string;
}

export async function runCombination({ sdk, package: one, load }: Combination): Promise<Outcome> {
  const folder = mkdtempSync(join(tmpdir(), 'spendfuse-sdk-'));
  const [provider, other, stub] = await Promise.all([startProvider(), startProvider(), startStub()]);
  stub.decide = (request) => {
    switch (request.attribution.workflow) {
      case 'denied':
        return deny();
      case 'denied for now':
        return contended();
      case 'downgraded':
        return downgrade({ model: sdk.acting?.model ?? '', max_output_tokens: LIMIT })(request);
      default:
        return allow(request);
    }
  };
  try {
    const file = load === 'bundle' ? await bundled(sdk, one, folder) : app(`${sdk.app}.mjs`);
    const before = one.before ? [load === 'require' ? '--require' : '--import', one.before] : [];
    // What is loaded before the application by `require` comes before what is imported, so ours has to be required as well.
    const ours = [one.before && load === 'require' ? '--require' : '--import', REGISTER];
    const env = {
      SPENDFUSE_ENDPOINT: stub.url,
      PACKAGE: one.name,
      OTHERS: JSON.stringify(one.others ?? {}),
      LOAD: load,
    };
    const [bare, instrumented] = await Promise.all([
      runApp({ args: ['--expose-gc', ...before, file], env: { ...env, PROVIDER: provider.url } }),
      runApp({
        args: ['--expose-gc', ...ours, ...before, file],
        env: { ...env, PROVIDER: other.url, ...(sdk.acting && { ACT: sdk.acting.case }) },
      }),
    ]);
    return {
      stub,
      bare: seenBy(bare, provider.url),
      instrumented: seenBy(instrumented, other.url),
      sent: { bare: provider.seen, instrumented: other.seen },
      stderr: instrumented.stderr.replace(sdk.says ?? '', ''),
    };
  } finally {
    await Promise.all([provider.stop(), other.stop(), stub.stop()]);
    rmSync(folder, { recursive: true });
  }
}

const app = (name: string): string => fileURLToPath(new URL(`./apps/${name}`, import.meta.url));

/** Without the address, in which the two differ. */
function seenBy({ json, stdout, stderr, code, signal }: Ran, url: string): Seen {
  if (typeof json !== 'object' || json === null)
    throw new Error(`the cases did not run (${signal ?? `exit code ${code}`}), as far as\n${stdout}${stderr}`);
  return JSON.parse(JSON.stringify(json).replaceAll(new URL(url).host, 'the-provider')) as Seen;
}

/** No module of the package is ever loaded. */
function bundled(sdk: Sdk, { name, others = {} }: SdkPackage, folder: string): Promise<string> {
  const subpaths = ['', ...(sdk.subpaths ?? [])].map((subpath) => [subpath, name + subpath] as const);
  const modules = [...subpaths, ...Object.entries(others)].map(
    ([key, module]) => `${JSON.stringify(key)}: () => import(${JSON.stringify(module)})`,
  );
  return bundle(app(`${sdk.app}.mjs`), folder, {
    external: [...(sdk.external ?? [])],
    plugins: [
      {
        name: 'the package itself, in place of the one to be named later',
        setup(builder) {
          builder.onLoad({ filter: /[\\/]apps[\\/]load\.mjs$/ }, () => ({
            contents: `const modules = { ${modules.join(', ')} };\nexport const load = (subpath = '') => modules[subpath]();`,
            resolveDir: fileURLToPath(new URL('.', import.meta.url)),
          }));
        },
      },
    ],
  });
}

/** The processes mostly wait, for timeouts and retries: a few of them at a time. */
const AT_ONCE = 4;

export interface Run {
  combination: Combination;
  outcome: Promise<Outcome>;
}

/** Runs them, from `start` on, ahead of whoever judges them. */
export function queued(combinations: readonly Combination[]): { runs: readonly Run[]; start: () => void } {
  const queue = combinations.map((combination) => ({ combination, ...Promise.withResolvers<Outcome>() }));
  for (const { promise } of queue) promise.catch(() => {}); // Whoever asks for it says so.
  const waiting = [...queue];
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next; next = waiting.shift())
      await runCombination(next.combination).then(next.resolve, next.reject);
  };
  return {
    runs: queue.map(({ combination, promise }) => ({ combination, outcome: promise })),
    start: () => {
      for (let worker = 0; worker < AT_ONCE; worker += 1) void work();
    },
  };
}

export function combinationsOf(sdk: Sdk): Combination[] {
  return sdk.packages.flatMap((one) => one.loads.map((load) => ({ sdk, package: one, load })));
}

/** What the server has to hear of each case. */
export function casesOf({ sdk, package: { except }, load }: Combination): Cases {
  const all = { ...sdk.cases, ...except?.[load] };
  return Object.fromEntries(Object.entries(all).filter(([, settlements]) => settlements !== undefined)) as Cases;
}

export function brief({ end, status, measured, usage }: SettlementRequest): string {
  if (end === 'lost') return end;
  if (!measured) return `${end} ${status}, estimated`;
  const counts = [
    [usage.web_searches, 'searches'],
    [usage.input_characters, 'characters'],
    [usage.input_audio_seconds, 'seconds'],
    [usage.output_images, 'images'],
  ].flatMap(([count, name]) => (count ? [` ${name} ${count}`] : []));
  return `${end} ${status} ${usage.input_tokens}/${usage.output_tokens}${counts.join('')}`;
}
