/**
 * One side of the comparison, in a process of its own: an SDK twice, instrumented and bare, on the same canned answers. The
 * parent says which round comes next.
 */
import { createRequire } from 'node:module';
import { setTimeout } from 'node:timers/promises';
import { timed } from '../measure.ts';
import { startSdk } from '../otel-sdk.ts';
import { type Load, type Make, makerOf, type SdkName } from '../sdks.ts';
import { SIDES } from './sides.ts';

export interface Round {
  sdk: SdkName;
  load: Load;
  times: number;
  bareFirst: boolean;
}

/** Microseconds of CPU a call. */
export interface Timed {
  bare: number;
  hooked: number;
}

/** Spans that one call of each load makes. */
export type Ready = { spans: Record<string, number> };

const [home, name] = process.argv.slice(2) as [string, string];
const side = SIDES[name]!;
const require = createRequire(`${home}/`);
const otel = side.withoutSdk ? undefined : startSdk(require);
await side.instrument(require, home);

const LOADS = ['json', 'prompt', 'stream'] as const;
const PACKAGES = {
  openai: { hooked: 'openai', bare: 'bare-openai', key: 'OpenAI' },
  anthropic: { hooked: '@anthropic-ai/sdk', bare: 'bare-anthropic', key: 'Anthropic' },
} as const;

const pairs = new Map<SdkName, { hooked: Make; bare: Make }>();
for (const sdk of side.sdks) {
  const { hooked, bare, key } = PACKAGES[sdk];
  pairs.set(sdk, { hooked: makerOf(sdk, require(hooked)[key]), bare: makerOf(sdk, require(bare)[key]) });
}
const CHECKED = 3;
const spans: Record<string, number> = {};
for (const [sdk, { hooked }] of pairs) {
  // What is learned at the first calls (slices, shapes) is learned before the check.
  for (let time = 0; time < 10; time += 1) await hooked('json');
  await setTimeout(300);
  for (const load of LOADS) {
    const before = (await otel?.ended()) ?? 0;
    for (let time = 0; time < CHECKED; time += 1) await hooked(load);
    spans[`${sdk} ${load}`] = (((await otel?.ended()) ?? 0) - before) / CHECKED;
  }
}
process.send?.({ spans } satisfies Ready);

process.on('message', async ({ sdk, load, times, bareFirst }: Round) => {
  const { hooked, bare } = pairs.get(sdk)!;
  const run = (make: Make): Promise<number> => timed(() => make(load), times);
  const first = await run(bareFirst ? bare : hooked);
  const second = await run(bareFirst ? hooked : bare);
  process.send?.((bareFirst ? { bare: first, hooked: second } : { bare: second, hooked: first }) satisfies Timed);
});
