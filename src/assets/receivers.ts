import { parseDocument } from 'yaml';
import type { Config } from '../config/config.ts';
import { AssetError } from './asset.ts';
import { receiversInUse } from './contacts.ts';

/** The hand-written file that says how each receiver is reached; `generate` merges it and never writes it. */
export const RECEIVERS_PATH = 'rules/alertmanager/receivers.yaml';

/** Receiver name → its channels as Alertmanager writes them: `{ slack_configs: […] }`, `{ webhook_configs: […] }`. */
export type Receivers = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** Errors: `AssetError` naming each line that is not `name: { …_configs: [...] }`. */
export function parseReceivers(text: string, file: string = RECEIVERS_PATH): Receivers {
  const document = parseDocument(text, { prettyErrors: true, merge: true });
  if (document.errors.length > 0) {
    throw new AssetError(
      document.errors.map((error) => `${file}:${error.linePos?.[0].line ?? 1} ${error.message.split('\n')[0]}`),
    );
  }
  const parsed: unknown = document.toJS() ?? {};
  if (!isRecord(parsed)) throw new AssetError([`${file}:1 expected a mapping of receiver names to their channels`]);
  const problems = Object.entries(parsed).flatMap(([name, body]) => problemsOf(name, body, file));
  if (problems.length > 0) throw new AssetError(problems);
  return parsed as Receivers;
}

function problemsOf(name: string, body: unknown, file: string): string[] {
  const example = `${name}: { webhook_configs: [{ url: https://… }] }`;
  if (!isRecord(body)) return [`${file} receiver "${name}": expected its channels, such as ${example}`];
  const channels = Object.entries(body).filter(([key, list]) => key.endsWith('_configs') && isFilled(list));
  return channels.length > 0 ? [] : [`${file} receiver "${name}": has no channel; add one, such as ${example}`];
}

function isFilled(list: unknown): boolean {
  return Array.isArray(list) && list.length > 0;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Each receiver as a webhook at `<base>/<receiver>`: for the demo and tests, where one process stands in for all. */
export function webhookReceivers(config: Config, baseUrl: string): Receivers {
  const names = receiversInUse(config).map(({ receiver }) => receiver);
  return Object.fromEntries(
    names.map((name) => [name, { webhook_configs: [{ url: `${baseUrl}/${encodeURIComponent(name)}` }] }]),
  );
}

/** A receiver without a channel swallows alerts in silence, so it is an error. */
export function requireChannels(config: Config, receivers: Receivers): void {
  const missing = receiversInUse(config).filter(({ receiver }) => !receivers[receiver]);
  if (missing.length === 0) return;
  throw new AssetError(
    missing.map(
      ({ receiver, usedBy }) =>
        `${RECEIVERS_PATH} receiver "${receiver}" (${usedBy}): has no channel; add one, such as ${receiver}: { webhook_configs: [{ url: https://… }] }`,
    ),
  );
}
