/** The tokenizers of OpenAI's models, where the application has installed `gpt-tokenizer`; loaded when first needed. */
import { createRequire } from 'node:module';
import { warnOnce } from '../warn.ts';
import type { CountTokens } from './count.ts';

type Encoding = 'o200k_base' | 'cl100k_base';

/** By model; those of other families, and of families to come, count by their bytes. Fine-tunes are like their base. */
const FAMILIES: readonly [RegExp, Encoding][] = [
  [/^(?:ft:)?(?:gpt-4o|chatgpt-4o|gpt-4\.1|gpt-4\.5|gpt-5|o1|o3|o4)(?![\d])/, 'o200k_base'],
  [/^(?:ft:)?(?:gpt-4|gpt-3\.5-turbo)(?![.\do])/, 'cl100k_base'],
  [/^text-embedding-(?:3|ada-002)(?!\d)/, 'cl100k_base'],
];

export function encodingOf(provider: string, model: string): Encoding | undefined {
  if (provider !== 'openai') return undefined;
  return FAMILIES.find(([family]) => family.test(model))?.[1];
}

interface Tokenizer {
  countTokens(text: string, options: { disallowedSpecial: Set<string> }): number;
  setMergeCacheSize(size: number): void;
}

const NONE_SPECIAL = { disallowedSpecial: new Set<string>() };
const loaded = new Map<Encoding, Promise<CountTokens | undefined>>();
let installed: boolean | undefined;

/** Whether the package is there; looked up once. */
export function isInstalled(): boolean {
  installed ??= resolves();
  return installed;
}

function resolves(): boolean {
  try {
    createRequire(import.meta.url).resolve('gpt-tokenizer/encoding/o200k_base');
    return true;
  } catch {
    return false;
  }
}

/** Undefined where it cannot be loaded, which is said once. */
export function load(encoding: Encoding): Promise<CountTokens | undefined> {
  const loading = loaded.get(encoding) ?? importOf(encoding).then(counterOf, failed);
  loaded.set(encoding, loading);
  return loading;
}

function importOf(encoding: Encoding): Promise<Tokenizer> {
  return encoding === 'o200k_base'
    ? import('gpt-tokenizer/encoding/o200k_base')
    : import('gpt-tokenizer/encoding/cl100k_base');
}

function counterOf(tokenizer: Tokenizer): CountTokens {
  tokenizer.setMergeCacheSize(0); // It would keep words of prompts.
  return (text) => tokenizer.countTokens(text, NONE_SPECIAL);
}

function failed(error: unknown): undefined {
  installed = false;
  warnOnce(
    'tokenizer',
    `gpt-tokenizer cannot be used (${(error as Error).message}); inputs are bounded by their bytes`,
  );
}
