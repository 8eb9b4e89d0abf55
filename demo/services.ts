/** The three services: who they are, how they are started, and what must become of each. */
import { randomUUID } from 'node:crypto';
import type { Child, Children } from './children.ts';
import type { Account } from './provider.ts';

export interface ServiceSpec {
  name: string;
  script: string;
  /** Its budget in demo/budgets.yaml. */
  budget: string;
  about: string;
  /** `warned`: told about and never stopped. `stopped`: refused by its cap. */
  fate: 'warned' | 'stopped';
  latencyMs: number;
  /** Names of the variables by which its SDK finds the provider. */
  sdk: 'OPENAI' | 'ANTHROPIC';
  settings: Readonly<Record<string, string>>;
}

export const SERVICES: readonly ServiceSpec[] = [
  {
    name: 'support',
    script: 'demo/services/support.mjs',
    budget: 'support-month',
    about: 'openai, streamed, soft budget',
    fate: 'warned',
    latencyMs: 340,
    sdk: 'OPENAI',
    settings: { DEMO_CALLS: '44' },
  },
  {
    name: 'nightly-eval',
    script: 'demo/services/nightly-eval.cjs',
    budget: 'staging-day',
    about: '@anthropic-ai/sdk',
    fate: 'stopped',
    latencyMs: 230,
    sdk: 'ANTHROPIC',
    settings: { DEMO_CALLS: '90' },
  },
  {
    name: 'research-agent',
    script: 'demo/services/research-agent.mjs',
    budget: 'research-day',
    about: 'openai, runaway loop',
    fate: 'stopped',
    latencyMs: 320,
    sdk: 'OPENAI',
    settings: { DEMO_REFUSALS: '40' },
  },
];

/** What a service says on stdout: one JSON object a line. */
export type Said = { event: 'refused'; code: string; message: string } | { event: 'done'; message: string };

/** How a service fared. */
export interface Fare {
  /** Calls that a budget refused. */
  refused: number;
  /** Calls that nobody could decide on while the server was away. */
  undecided: number;
  /** Whether the cap itself refused, for good. */
  exhausted: boolean;
  ending?: string;
}

export interface Surroundings {
  endpoint: string;
  provider: string;
  accounts: readonly Account[];
  /** Folder for settlements that outlive a service. */
  journal: string;
  onSaid: (service: ServiceSpec, said: Said) => void;
  /** Lines on stderr. */
  onComplaint: (service: ServiceSpec, line: string) => void;
}

/** A customer account of the provider for each service, with a key made up for this run. */
export function accountsOf(services: readonly ServiceSpec[]): Account[] {
  return services.map(({ name, latencyMs }) => ({ name, latencyMs, key: `demo-${name}-${randomUUID()}` }));
}

/** `node --import spendfuse/register` and environment variables: nothing else makes it a metered service. */
export function startService(children: Children, service: ServiceSpec, around: Surroundings): Child {
  return children.start({
    name: service.name,
    command: process.execPath,
    args: ['--import', 'spendfuse/register', service.script],
    env: environmentOf(service, around),
    onLine: (line, stream) => {
      const said = stream === 'stdout' ? parseSaid(line) : undefined;
      if (said) around.onSaid(service, said);
      else around.onComplaint(service, line);
    },
  });
}

function environmentOf({ name, sdk, settings }: ServiceSpec, around: Surroundings): Record<string, string> {
  const key = around.accounts.find((account) => account.name === name)!.key;
  return {
    SPENDFUSE_ENDPOINT: around.endpoint,
    SPENDFUSE_JOURNAL: around.journal,
    OTEL_SERVICE_NAME: name,
    // As their SDKs want them: OpenAI's with the version in the path, Anthropic's without.
    [`${sdk}_BASE_URL`]: sdk === 'OPENAI' ? `${around.provider}/v1` : around.provider,
    [`${sdk}_API_KEY`]: key,
    ...settings,
  };
}

function parseSaid(line: string): Said | undefined {
  try {
    return JSON.parse(line) as Said;
  } catch {
    return undefined;
  }
}

/** Notes what a service said. */
export function note(fare: Fare, said: Said): void {
  if (said.event !== 'refused') return;
  if (said.code === 'unreachable') fare.undecided += 1;
  else fare.refused += 1;
  if (said.code === 'exhausted') fare.exhausted = true;
}
