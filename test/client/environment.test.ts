import { describe, expect, test } from 'vitest';
import { readEnvironment } from '../../src/client/environment.ts';

function read(variables: Record<string, string>) {
  const said: string[] = [];
  const environment = readEnvironment(variables, (_, message) => said.push(message));
  return { ...environment, said };
}

test('nothing set is the defaults, in silence', () => {
  expect(read({})).toMatchObject({
    endpoint: new URL('http://127.0.0.1:4319'),
    whenUnreachable: 'allow',
    decisionTimeoutMs: 250,
    startOtel: false,
    telemetry: { names: 'released', everyChunk: false },
    serverless: false,
    acceptBaggage: [],
    attribution: {},
    said: [],
  });
});

describe('what is set is read', () => {
  test.each([
    [{ SPENDFUSE_ENDPOINT: 'https://fuse.example.com/base' }, { endpoint: new URL('https://fuse.example.com/base') }],
    [{ SPENDFUSE_TOKEN: ' abc ' }, { token: 'abc' }],
    [{ SPENDFUSE_WHEN_UNREACHABLE: 'BLOCK' }, { whenUnreachable: 'block' }],
    [{ SPENDFUSE_DECISION_TIMEOUT_MS: '1000' }, { decisionTimeoutMs: 1000 }],
    [{ SPENDFUSE_OTEL: 'start' }, { startOtel: true }],
    [{ SPENDFUSE_OTEL_NAMES: 'latest' }, { telemetry: { names: 'latest' } }],
    [{ OTEL_SEMCONV_STABILITY_OPT_IN: 'http, gen_ai_latest_experimental' }, { telemetry: { names: 'latest' } }],
    [
      { OTEL_SEMCONV_STABILITY_OPT_IN: 'gen_ai_latest_experimental', SPENDFUSE_OTEL_NAMES: 'released' },
      { telemetry: { names: 'released' } },
    ],
    [{ SPENDFUSE_OTEL_CHUNKS: 'every' }, { telemetry: { everyChunk: true } }],
    [{ AWS_LAMBDA_FUNCTION_NAME: 'f' }, { serverless: true }],
    [{ K_SERVICE: 'f', SPENDFUSE_SERVERLESS: 'no' }, { serverless: false }],
    [{ SPENDFUSE_SERVERLESS: 'yes' }, { serverless: true }],
    [{ SPENDFUSE_ACCEPT_BAGGAGE: 'workflow, spendfuse.user' }, { acceptBaggage: ['workflow', 'user'] }],
    [{ SPENDFUSE_JOURNAL: '/var/lib/app' }, { journalFolder: '/var/lib/app' }],
    [{ OTEL_SERVICE_NAME: 'api' }, { attribution: { service: 'api' } }],
    [
      { OTEL_SERVICE_NAME: 'api', OTEL_RESOURCE_ATTRIBUTES: 'service.name=other,spendfuse.team=a%20b,host.name=x' },
      { attribution: { service: 'api', team: 'a b' } },
    ],
    [
      { OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=production' },
      { attribution: { environment: 'production' } },
    ],
  ])('%o', (variables, expected) => {
    expect(read(variables as Record<string, string>)).toMatchObject({ ...expected, said: [] });
  });
});

describe('what cannot be is left out, with one warning that says the mend', () => {
  test.each([
    [{ SPENDFUSE_ENDPOINT: 'fuse:4319' }, 'write it like http://127.0.0.1:4319'],
    [{ SPENDFUSE_ENDPOINT: 'nonsense' }, 'write it like http://127.0.0.1:4319'],
    [{ SPENDFUSE_TOKEN: 'a\nb' }, 'check how it was set'],
    [{ SPENDFUSE_WHEN_UNREACHABLE: 'maybe' }, 'is "maybe"; use "allow" or "block"'],
    [{ SPENDFUSE_DECISION_TIMEOUT_MS: '1s' }, 'use milliseconds from 1 to 60000'],
    [{ SPENDFUSE_DECISION_TIMEOUT_MS: '0' }, 'use milliseconds from 1 to 60000'],
    [{ SPENDFUSE_OTEL: 'yes' }, 'is "yes"; use "start" or "api"'],
    [{ SPENDFUSE_OTEL_NAMES: 'newest' }, 'is "newest"; use "released" or "latest" or "proposed"'],
    [{ SPENDFUSE_OTEL_CHUNKS: 'all' }, 'is "all"; use "first" or "every"'],
    [{ SPENDFUSE_SERVERLESS: '1' }, 'is "1"; use "yes" or "no"'],
    [{ SPENDFUSE_ACCEPT_BAGGAGE: 'team' }, 'use workflow, customer, user, route'],
    [{ OTEL_RESOURCE_ATTRIBUTES: 'spendfuse.taem=x' }, '"spendfuse.taem" is no dimension'],
    [
      { OTEL_RESOURCE_ATTRIBUTES: 'spendfuse.api_key=sk' },
      '"spendfuse.api_key" is no dimension that a service can say',
    ],
    [{ OTEL_RESOURCE_ATTRIBUTES: 'spendfuse.team=%ZZ' }, 'not percent-encoded'],
    [{ OTEL_SERVICE_NAME: 'x'.repeat(300) }, 'use 1 to 256 printable characters'],
  ])('%o', (variables, mend) => {
    const { said, ...environment } = read(variables as Record<string, string>);
    expect(said).toHaveLength(1);
    expect(said[0]).toContain(mend);
    expect(environment).toMatchObject({ endpoint: new URL('http://127.0.0.1:4319'), attribution: {} });
    expect(said[0]).not.toContain('a\nb');
  });
});
