/**
 * Finds the SDK classes when they are loaded, whoever loads them and however: a line is appended to the module that defines the
 * class, and hands it over. What was required before us is found in the module cache.
 */
import module from 'node:module';
import type { Client } from '../../src/client/call.ts';
import { warnOnce } from '../../src/client/warn.ts';
import { AI_SDK, hookLoop, mayBeAiSdk, withLoop } from './ai-sdk.ts';
import { hookAws, warnUncaught } from './aws.ts';
import { GOOGLE_CLASS, hookGoogle, isGoogle, mayBeGoogle } from './google.ts';
import { warnNodeFetch } from './node-fetch.ts';
import { hookStainless } from './stainless.ts';

/** Package → the class with the core in its `client` module. */
const CLASSES: Readonly<Record<string, string>> = {
  openai: 'OpenAI',
  '@anthropic-ai/sdk': 'BaseAnthropic',
  'groq-sdk': 'Groq',
  'together-ai': 'Together',
  '@aws-sdk/client-bedrock-runtime': 'BedrockRuntimeClient',
};

const GOOGLE = '@google/genai';
/** Any package's `client` module: an alias in somebody's package.json gives the SDK a folder of another name. */
const CORE = /[\\/]node_modules[\\/]((?:@[^\\/]+[\\/])?[^\\/]+)[\\/]client\.m?js$/;

/** For all Node loads it is one module, whose folder may have an alias that still says what it is. */
const AWS = '@aws-sdk/client-bedrock-runtime';
const AWS_CORE = /[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]*bedrock-runtime[^\\/]*[\\/]dist-cjs[\\/]index\.js$/;

const HAND_OVER = Symbol.for('spendfuse.stainless.1');
const HAND_OVER_TEXT = `globalThis[Symbol.for(${JSON.stringify(HAND_OVER.description)})]`;

/**
 * Errors: `Error` when this Node is too old for what follows. `node:module` is imported whole for it: a name that an older
 * Node does not export would end the application while it loads.
 */
export function assertNode(): void {
  if (typeof module.registerHooks === 'function') return;
  throw new Error(`this is Node ${process.versions.node}; use Node 22.15 or newer`);
}

export function hookLoading(client: Client): void {
  const take = (name: string, sdk: unknown): unknown => {
    if (name === AI_SDK) return hookLoop(sdk);
    if (name === GOOGLE) hookGoogle(sdk);
    else if (name === AWS) hookAws(client, sdk) || warnUncaught();
    else if (!hookStainless(client, sdk)) warnUnknown(name);
    return undefined;
  };
  Object.defineProperty(globalThis, HAND_OVER, { value: take, configurable: true });
  takeRequired(take);
  module.registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context);
      const name = nameOf(url);
      if (name === undefined) warnNodeFetch(url);
      const isOurs = name !== undefined || mayBeGoogle(url) || mayBeAiSdk(url);
      if (!isOurs || loaded.source === undefined || loaded.source === null) return loaded;
      const source = textOf(loaded.source);
      if (name !== undefined) return { ...loaded, source: appended(source, name, CLASSES[name] as string) };
      if (mayBeAiSdk(url)) return { ...loaded, source: withLoop(source, HAND_OVER_TEXT) };
      return isGoogle(source) ? { ...loaded, source: appended(source, GOOGLE, GOOGLE_CLASS) } : loaded;
    },
  });
}

function textOf(source: string | ArrayBuffer | NodeJS.TypedArray): string {
  return typeof source === 'string' ? source : Buffer.from(source as Uint8Array).toString('utf8');
}

/** The SDK that a file or its URL belongs to, if it is its core. */
function nameOf(place: string): string | undefined {
  if (AWS_CORE.test(place)) return packageOf(place, '../package.json') === AWS ? AWS : undefined;
  const folder = CORE.exec(place)?.[1]?.replace('\\', '/');
  if (folder === undefined || Object.hasOwn(CLASSES, folder)) return folder;
  const name = packageOf(place, './package.json');
  return name !== undefined && Object.hasOwn(CLASSES, name) ? name : undefined;
}

function packageOf(place: string, file: string): string | undefined {
  try {
    const { name } = module.createRequire(place)(file) as { name?: unknown };
    return typeof name === 'string' ? name : undefined;
  } catch {
    return undefined;
  }
}

function appended(text: string, name: string, sdk: string): string {
  return `${text}\n;${HAND_OVER_TEXT}?.(${JSON.stringify(name)}, typeof ${sdk} === 'undefined' ? undefined : ${sdk});\n`;
}

function takeRequired(take: (name: string, sdk: unknown) => unknown): void {
  const { cache } = module.createRequire(import.meta.url);
  for (const [path, module] of Object.entries(cache)) {
    const name = nameOf(path);
    if (name !== undefined) take(name, module?.exports?.[CLASSES[name] as string]);
  }
}

function warnUnknown(name: string): void {
  warnOnce(
    `core of ${name}`,
    `this version of ${name} is not known here. Its calls are metered and capped at fetch all the same, but a denial reaches the application as the SDK's own error with status 402, and each retry counts as a call`,
  );
}
