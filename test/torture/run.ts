/**
 * One run: services spend against a cap until they are refused, while the server and services are killed. Nothing waits for
 * a time to pass: kills come at random shares of the cap, and the end is when every service has ended by itself.
 */
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Random } from '../simulation/random.ts';
import type { Profile } from './calls.ts';
import { readLedger } from './evidence.ts';
import { type Figures, figuresOf } from './figures.ts';
import { judge, type Verdict } from './judge.ts';
import { complaintsOf, decisions, journalsIn, reserved, until } from './observe.ts';
import { configOf, type Mode } from './prices.ts';
import { type Client, type Provider, type Server, Stage } from './stage.ts';

export interface RunOptions extends Partial<Mode> {
  seed: number;
  profile?: Profile;
  capNanoUsd?: bigint;
  /** Six tenths of the cap, so that now one is reached first and now the other. */
  teamCapNanoUsd?: bigint;
  clients?: number;
  workers?: number;
  serverKills?: number;
  clientKills?: number;
  /** Told to end in the middle of it all: what they could not report goes to a file for the next process. */
  clientStops?: number;
  /** Called after the last kill. */
  onKilled?: () => void;
}

export interface Run {
  verdict: Verdict;
  figures: Figures;
  /** What the processes said on stderr. */
  complaints: readonly string[];
}

const TEAMS = ['red', 'blue'] as const;

export async function torture(options: RunOptions): Promise<Run> {
  const stage = new Stage(mkdtempSync(join(tmpdir(), 'spendfuse-torture-')));
  try {
    return await new Play(stage, options).run();
  } finally {
    await stage.close();
  }
}

class Play {
  readonly #stage: Stage;
  readonly #options: Required<RunOptions>;
  readonly #random: Random;
  readonly #caps: ReadonlyMap<string, bigint>;
  /** By their names; a killed one is followed by another of the same name. */
  readonly #living = new Map<string, Client>();
  readonly #all: Client[] = [];

  constructor(stage: Stage, options: RunOptions) {
    const { capNanoUsd = 1_000_000_000n } = options;
    const { teamCapNanoUsd = (capNanoUsd * 6n) / 10n } = options;
    const usual = {
      profile: 'mixed',
      clients: 8,
      workers: 32,
      serverKills: 0,
      clientKills: 0,
      clientStops: 0,
    } as const;
    this.#stage = stage;
    this.#options = { ...usual, holds: 'strict', leases: true, onKilled() {}, ...options, capNanoUsd, teamCapNanoUsd };
    this.#random = new Random(options.seed);
    this.#caps = new Map([['', capNanoUsd], ...TEAMS.map((team) => [team, teamCapNanoUsd] as const)]);
  }

  async run(): Promise<Run> {
    const stage = this.#stage;
    const config = join(stage.folder, 'budgets.yaml');
    const db = join(stage.folder, 'ledger.db');
    mkdirSync(stage.journals, { mode: 0o700 });
    writeFileSync(config, configOf(this.#options, this.#options));
    const provider = await stage.startProvider();
    const server = await stage.startServer(config, db);
    for (let index = 0; index < this.#options.clients; index += 1) this.#start(index, provider, server);
    await this.#kill(provider, server);
    this.#options.onKilled();
    await until('every service has ended', () => [...this.#living.values()].every(({ child }) => !child.living));
    await until('every answer is made', async () => (await provider.count()).pending === 0);
    await until('every hold has ended or is unresolved', async () => (await reserved(server)) === 0n);

    const problems = (await Promise.all([...this.#living.values()].map(complaintsOf))).flat();
    const left = journalsIn(stage.journals);
    if (left.length > 0) problems.push(`journals were left behind: ${left.join(', ')}`);
    const decided = await decisions(server);
    const { code } = await server.stop();
    if (code !== 0) problems.push(`the server ended with ${code}`);
    const difference = await stage.verify(db);
    if (difference !== undefined) problems.push(`verify: ${difference}`);
    return this.#conclude(provider, db, decided, problems);
  }

  async #conclude(provider: Provider, db: string, decided: number, problems: readonly string[]): Promise<Run> {
    const billed = await provider.billed();
    const fares = this.#all.flatMap(({ fare }) => (fare ? [fare] : []));
    const verdict = judge({
      ...(await readLedger(db)),
      billed,
      capsNanoUsd: this.#caps,
      brokenCalls: fares.reduce((sum, { broken }) => sum + broken, 0),
      clientsKilled: this.#options.clientKills + this.#options.clientStops > 0,
      strict: this.#options.holds === 'strict',
    });
    verdict.problems.push(...problems);
    if (!fares.some(({ denied }) => (denied.exhausted ?? 0) > 0)) verdict.problems.push('nobody was refused');
    const denials = this.#all.flatMap(({ firstDenial }) => (firstDenial ? [firstDenial] : []));
    const { unresolvedNanoUsd } = verdict;
    const { capNanoUsd } = this.#options;
    const figures = figuresOf({ capNanoUsd, unresolvedNanoUsd, billed, fares, denials, decisions: decided });
    return { verdict, figures, complaints: this.#stage.complaints };
  }

  #start(index: number, provider: Provider, server: Server): void {
    const { workers, profile } = this.#options;
    const seed = this.#random.whole(1, 2 ** 31);
    const spec = { name: nameOf(index), team: TEAMS[index % TEAMS.length]!, seed, workers, profile };
    const client = this.#stage.startClient(spec, provider, server);
    this.#living.set(spec.name, client);
    this.#all.push(client);
  }

  /** Each at a random share of the cap, up to where all of it may be taken by then. */
  async #kill(provider: Provider, server: Server): Promise<void> {
    const { serverKills, clientKills, clientStops, capNanoUsd } = this.#options;
    const times = (count: number, end: () => Promise<void>) =>
      Array.from({ length: count }, () => ({ atNanoUsd: (capNanoUsd * this.#share()) / 1_000n, end }));
    const kills = [
      ...times(serverKills, () => server.killAndRestart()),
      ...times(clientKills, () => this.#replace((client) => client.child.kill(), provider, server)),
      ...times(clientStops, () => this.#replace((client) => client.child.stop(), provider, server)),
    ];
    kills.sort((a, b) => Number(a.atNanoUsd - b.atNanoUsd));
    for (const { atNanoUsd, end } of kills) {
      await until('enough is spent', async () => BigInt((await provider.count()).nanoUsd) >= atNanoUsd);
      await end();
    }
  }

  #share(): bigint {
    return BigInt(this.#random.whole(1, 700));
  }

  async #replace(end: (client: Client) => Promise<unknown>, provider: Provider, server: Server): Promise<void> {
    const index = this.#random.whole(0, this.#options.clients - 1);
    await end(this.#living.get(nameOf(index))!);
    this.#start(index, provider, server);
  }
}

function nameOf(index: number): string {
  return `service-${index}`;
}
