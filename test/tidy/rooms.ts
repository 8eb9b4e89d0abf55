/**
 * Which way imports point. A row is a room (a folder, or one file); what it does not list it may not import, and the most
 * specific row counts. `types` may be imported with `import type` only.
 */
export interface Room {
  imports: readonly string[];
  types?: readonly string[];
  /** Packages, and modules of Node: all of them, or by file where only some files may. */
  packages: readonly string[] | Readonly<Record<string, readonly string[]>>;
}

const FILES = ['node:fs', 'node:path'];

export const ROOMS: Readonly<Record<string, Room>> = {
  'src/domain/': {
    imports: [],
    packages: {
      'src/domain/calendar.ts': ['temporal-polyfill/implementation'],
      'src/domain/crossing.ts': ['node:crypto'],
      'src/domain/definition.ts': ['node:crypto'],
      'src/domain/fingerprint.ts': ['node:crypto'],
    },
  },
  'src/pricing/': {
    imports: ['src/domain/'],
    types: ['src/config/config.ts'],
    packages: {
      'src/pricing/public-prices.ts': ['@pydantic/genai-prices'],
      'src/pricing/catalogue.ts': ['node:crypto'],
    },
  },
  'src/config/': { imports: ['src/domain/'], packages: ['node:crypto', ...FILES, 'yaml', 'zod'] },
  'src/ledger/': {
    imports: ['src/domain/'],
    packages: ['node:crypto', ...FILES, 'node:sqlite', 'node:worker_threads'],
  },
  'src/protocol/': { imports: [], types: ['src/domain/'], packages: [] },
  'src/telemetry/': {
    imports: [],
    types: ['src/domain/'],
    packages: {
      'src/telemetry/instruments.ts': ['@opentelemetry/api'],
      'src/telemetry/measurements.ts': ['@opentelemetry/api'],
      'src/telemetry/recorder.ts': ['@opentelemetry/api'],
      'src/telemetry/request-settings.ts': ['@opentelemetry/api'],
      'src/telemetry/sdk-span.ts': ['@opentelemetry/api'],
      'src/telemetry/series.ts': ['@opentelemetry/api'],
      'src/telemetry/span-attributes.ts': ['@opentelemetry/api'],
      'src/telemetry/totals.ts': ['@opentelemetry/api'],
      'src/telemetry/start.ts': [
        '@opentelemetry/exporter-metrics-otlp-http',
        '@opentelemetry/sdk-metrics',
        '@opentelemetry/sdk-node',
        'node:module',
      ],
    },
  },
  'src/assets/': {
    imports: ['src/domain/', 'src/telemetry/names.ts'],
    types: ['src/config/config.ts'],
    packages: ['@grafana/grafana-foundation-sdk', 'yaml'],
  },
  'src/enforce/': {
    imports: ['src/domain/', 'src/pricing/', 'src/protocol/', 'src/ledger/ledger.ts'],
    types: ['src/config/config.ts'],
    packages: ['node:crypto'],
  },
  'src/http/': {
    imports: [
      'src/domain/',
      'src/protocol/',
      'src/telemetry/names.ts',
      // The interfaces, with the errors that they name.
      'src/enforce/enforcer.ts',
      'src/enforce/refusal.ts',
      'src/ledger/ledger.ts',
    ],
    types: ['src/config/config.ts'],
    packages: [
      'express',
      'node:buffer',
      'node:http',
      'node:net',
      'node:stream',
      'pino',
      'prom-client',
      'uuidv7',
      'zod',
    ],
  },
  'src/cli/': {
    imports: ['src/assets/', 'src/config/', 'src/domain/', 'src/enforce/', 'src/http/', 'src/ledger/', 'src/pricing/'],
    packages: ['commander', ...FILES, 'node:stream/consumers', 'pino'],
  },
  'src/client/': {
    imports: ['src/domain/', 'src/pricing/', 'src/protocol/', 'src/telemetry/'],
    types: ['instrumentations/formats/format.ts'],
    packages: [
      '@opentelemetry/api',
      'gpt-tokenizer',
      'node:async_hooks',
      'node:crypto',
      'node:diagnostics_channel',
      ...FILES,
      'node:http',
      'node:https',
      'node:module',
      'node:os',
      'node:worker_threads',
    ],
  },
  'instrumentations/formats/': {
    // How many tokens can be true is the domain's to say.
    imports: ['src/domain/usage.ts'],
    types: ['src/domain/'],
    packages: [],
  },
  'instrumentations/gateways.ts': {
    imports: ['src/domain/provider.ts', 'instrumentations/formats/'],
    types: ['src/domain/'],
    packages: [],
  },
  'instrumentations/gateway-requests.ts': {
    imports: ['src/domain/provider.ts', 'instrumentations/formats/provider.ts'],
    types: ['instrumentations/gateways.ts'],
    packages: [],
  },
  'instrumentations/hooks/': {
    imports: [
      'src/client/',
      'instrumentations/formats/',
      'instrumentations/gateway-requests.ts',
      'instrumentations/gateways.ts',
    ],
    packages: ['node:async_hooks', 'node:diagnostics_channel', 'node:module', 'node:stream', 'node:zlib'],
  },
  'src/index.ts': { imports: ['src/client/'], types: ['src/domain/'], packages: [] },
  'src/register.ts': {
    imports: ['src/client/', 'src/telemetry/conventions.ts', 'src/telemetry/start.ts', 'instrumentations/hooks/'],
    packages: ['node:worker_threads'],
  },
};

/** The most specific row for a file. */
export function roomOf(path: string): string | undefined {
  return Object.keys(ROOMS)
    .filter((room) => path === room || (room.endsWith('/') && path.startsWith(room)))
    .sort((a, b) => b.length - a.length)[0];
}
