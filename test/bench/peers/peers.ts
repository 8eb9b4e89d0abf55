/**
 * What an instrumentation adds to a call, ours and the peers'. They patch the same modules, so each has a process of its own;
 * its rounds are paired with bare ones in that process, and the processes take turns.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { median, percentile } from '../measure.ts';
import type { Load, SdkName } from '../sdks.ts';
import type { Ready, Round, Timed } from './side.ts';
import { SIDES } from './sides.ts';

const ROOT = join(import.meta.dirname, '..', '..', '..');
const ROUNDS = Number(process.env.PEERS_ROUNDS ?? 40);
const LOADS: readonly { load: Load; what: string; times: number }[] = [
  { load: 'json', what: 'JSON', times: 300 },
  { load: 'prompt', what: 'JSON, prompt of 30 KB', times: 200 },
  { load: 'stream', what: 'stream of 103 chunks', times: 40 },
];

/** `home`: the folder that setup.sh made. The build in `dist` is what is measured of ours. */
export async function peers(home: string): Promise<void> {
  const own = join(home, 'node_modules', 'spendfuse', 'dist');
  rmSync(own, { recursive: true, force: true });
  const built = process.env.PEERS_DIST ?? join(ROOT, 'dist');
  for (const part of ['src', 'instrumentations']) cpSync(join(built, part), join(own, part), { recursive: true });
  cpSync(join(ROOT, 'package.json'), join(own, '..', 'package.json'));
  const sides = new Map<string, { child: ChildProcess; ready: Ready }>();
  for (const name of Object.keys(SIDES)) sides.set(name, await start(home, name));
  try {
    for (const sdk of ['openai', 'anthropic'] as const) {
      for (const load of LOADS) await compare(sides, sdk, load);
    }
  } finally {
    for (const { child } of sides.values()) child.kill();
  }
}

export function hasPeers(home: string | undefined): home is string {
  return home !== undefined && existsSync(join(home, 'node_modules', 'bare-openai'));
}

async function start(home: string, name: string): Promise<{ child: ChildProcess; ready: Ready }> {
  const env = { ...process.env, TRACELOOP_TRACE_CONTENT: 'false' };
  const child = fork(join(import.meta.dirname, 'side.ts'), [home, name], { env });
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`the process of ${name} ended (${code})`);
  });
  const [ready] = (await Promise.race([once(child, 'message'), ended])) as [Ready];
  return { child, ready };
}

type Sides = ReadonlyMap<string, { child: ChildProcess; ready: Ready }>;

async function compare(sides: Sides, sdk: SdkName, { load, what, times }: (typeof LOADS)[number]): Promise<void> {
  const taking = [...sides].filter(([name]) => SIDES[name]!.sdks.includes(sdk));
  const rounds = new Map<string, Timed[]>(taking.map(([name]) => [name, []]));
  const warmUp = Math.ceil(ROUNDS / 4);
  for (let round = -warmUp; round < ROUNDS; round += 1) {
    for (const [name, { child }] of taking) {
      child.send({ sdk, load, times, bareFirst: round % 2 === 0 } satisfies Round);
      const [timed] = (await once(child, 'message')) as [Timed];
      if (round >= 0) rounds.get(name)!.push(timed);
    }
  }
  print(
    `${sdk}, ${what}`,
    [...rounds].map(([name, list]) => ({ name, list })),
    (name) => (SIDES[name]!.withoutSdk ? '–' : String(sides.get(name)!.ready.spans[`${sdk} ${load}`])),
  );
}

function print(
  title: string,
  sides: { name: string; list: readonly Timed[] }[],
  spansOf: (name: string) => string,
): void {
  console.log(`\n${title}`);
  console.log(
    `${''.padEnd(20)}${'bare µs'.padStart(9)}${'added µs'.padStart(10)}  middle half      ${'× bare'.padStart(8)}  × ours  spans a call`,
  );
  const addedBy = (list: readonly Timed[]): number[] => list.map(({ bare, hooked }) => hooked - bare);
  const ours = median(addedBy(sides.find(({ name }) => name === 'spendfuse')!.list));
  for (const { name, list } of sides) {
    const differences = addedBy(list);
    const added = median(differences);
    const bare = median(list.map((timed) => timed.bare));
    const spread = `${percentile(differences, 0.25).toFixed(1)} … ${percentile(differences, 0.75).toFixed(1)}`;
    console.log(
      `${name.padEnd(20)}${bare.toFixed(1).padStart(9)}${added.toFixed(1).padStart(10)}  ${spread.padEnd(16)}` +
        `${(1 + added / bare).toFixed(2).padStart(8)}${(added / ours).toFixed(2).padStart(8)}  ${spansOf(name)}`,
    );
  }
}
