/**
 * What has to hold of a run of a package: the tests and the table in the README ask the same. An application sees the same with us
 * as without us, the provider gets the same requests, each attempt is settled once, and a decision is obeyed.
 */
import { brief, type Combination, casesOf, LIMIT, type Outcome } from './run.ts';
import type { Acting } from './sdk.ts';

export interface Check {
  name: string;
  about: 'case' | 'denial' | 'downgrade' | 'the rest';
  /** Two values that have to be equal, made of JSON and patterns. */
  compare(outcome: Outcome): { seen: unknown; expected: unknown };
}

/** Known before anything has run. */
export function checksOf(combination: Combination): Check[] {
  const { acting } = combination.sdk;
  const cases = Object.entries(casesOf(combination)).map(([label, settlements]) =>
    caseCheck(combination, label, settlements),
  );
  return [...cases, ...restOf(combination), ...(acting ? actingChecks(combination, acting) : [])];
}

export function isAtFetch({ package: { atFetch }, load }: Combination): boolean {
  return load === 'bundle' || atFetch === true;
}

function heardOf({ stub }: Outcome, label: string) {
  const heard = stub.settlements.filter(({ attribution }) => attribution.workflow === label);
  // On a machine under load a decision may come too late: then its attempt is given back, and another of the same call goes unasked.
  const asked = new Set(stub.reservations.map(({ attempt_id }) => attempt_id));
  const unasked = new Set(heard.filter(({ attempt_id }) => !asked.has(attempt_id)).map(({ call_id }) => call_id));
  return heard.filter(
    ({ end, status, call_id }) => !(end === 'released' && status === 'aborted' && unasked.has(call_id)),
  );
}

function caseCheck(combination: Combination, label: string, settlements: readonly string[]): Check {
  const { sdk } = combination;
  const isOneCall = sdk.retriesAreOneCall && !isAtFetch(combination) && label.endsWith('then ok');
  const calls = isOneCall ? 1 : undefined;
  return {
    name: label,
    about: 'case',
    compare(outcome) {
      const heard = heardOf(outcome, label);
      const seen = {
        application: outcome.instrumented[label],
        settlements: heard.map(brief),
        attempts: new Set(heard.map(({ attempt_id }) => attempt_id)).size,
        calls: isOneCall ? new Set(heard.map(({ call_id }) => call_id)).size : undefined,
      };
      return {
        seen,
        expected: { application: outcome.bare[label], settlements, attempts: settlements.length, calls },
      };
    },
  };
}

function restOf(combination: Combination): Check[] {
  const { sdk } = combination;
  return [
    {
      name: 'every case is expected, and each reservation is settled',
      about: 'the rest',
      compare({ bare, stub, stderr }) {
        const settled = new Set(stub.settlements.map(({ attempt_id }) => attempt_id));
        const open = stub.reservations.filter(({ attempt_id }) => !settled.has(attempt_id));
        const left = open.map(({ attribution }) => attribution.workflow ?? '');
        const isKnown = (label: string) => label.startsWith('denied') || sdk.left?.includes(label);
        return {
          seen: { cases: Object.keys(bare).sort(), open: left.filter((label) => !isKnown(label)), said: said(stderr) },
          expected: { cases: Object.keys(casesOf(combination)).sort(), open: [], said: '' },
        };
      },
    },
    {
      name: 'the provider is known also where its host is not',
      about: 'the rest',
      compare: ({ stub }) => ({
        seen: [...new Set(stub.reservations.map(({ provider }) => provider))].sort(),
        expected: [...sdk.providers].sort(),
      }),
    },
    {
      name: 'no key, prompt or completion leaves for the server',
      about: 'the rest',
      compare({ stub: { sessions, reservations, settlements } }) {
        const told = JSON.stringify([sessions, reservations, settlements]);
        return { seen: told.match(/secret|Grüße|fuse |sleeps/g), expected: null };
      },
    },
    {
      name: 'the provider gets as many requests as without us, and one in place of something dearer',
      about: 'the rest',
      compare: ({ sent: { bare, instrumented } }) => ({
        seen: instrumented.length,
        expected: bare.length + (sdk.acting ? 1 : 0),
      }),
    },
  ];
}

/** On a machine under load a decision may take longer than it may; then that is said, and nothing else changes. */
function said(stderr: string): string {
  return stderr.replace(/^spendfuse: the server \S+ is (unreachable.*|back)\n/gm, '');
}

function actingChecks(combination: Combination, acting: Acting): Check[] {
  return [
    {
      name: 'a denial is told in the SDK’s own way',
      about: 'denial',
      compare({ instrumented }) {
        const expected = acting.denied(isAtFetch(combination));
        return { seen: matched(instrumented.denied?.error, expected), expected };
      },
    },
    ...['denied', 'denied for now'].map((label) => refusedOnce(label)),
    {
      name: 'a downgrade is sent as decided',
      about: 'downgrade',
      compare({ sent: { instrumented } }) {
        const last = instrumented.at(-1);
        const named = JSON.stringify([last?.path, last?.body.model]);
        return {
          seen: { limit: last && acting.limit(last.body), model: named.includes(acting.model) ? acting.model : named },
          expected: { limit: LIMIT, model: acting.model },
        };
      },
    },
    {
      name: 'a downgrade is answered and settled as what was sent',
      about: 'downgrade',
      compare: (outcome) => ({
        seen: {
          answered: Object.keys(outcome.instrumented.downgraded ?? {}),
          settled: heardOf(outcome, 'downgraded').map(({ model, end, measured }) => [model, end, measured]),
        },
        expected: { answered: ['result'], settled: [[acting.model, 'settled', true]] },
      }),
    },
  ];
}

function refusedOnce(label: string): Check {
  return {
    name: `${label}: one attempt, which is not tried again`,
    about: 'denial',
    compare(outcome) {
      const asked = outcome.stub.reservations.filter(({ attribution }) => attribution.workflow === label);
      const seen = Object.keys(outcome.instrumented[label] ?? {});
      return {
        seen: { seen, asked: asked.length, settled: heardOf(outcome, label) },
        expected: { seen: ['error'], asked: 1, settled: [] },
      };
    },
  };
}

/** What the patterns speak of; a text that a pattern matches has become the pattern. */
function matched(value: unknown, patterns: Record<string, unknown>): Record<string, unknown> {
  const all = (value ?? {}) as Record<string, unknown>;
  const entries = Object.entries(patterns).map(([key, pattern]) => [
    key,
    pattern instanceof RegExp && pattern.test(String(all[key])) ? pattern : all[key],
  ]);
  return Object.fromEntries(entries) as Record<string, unknown>;
}
