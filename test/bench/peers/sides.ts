/** What each side puts into its process before the SDK is loaded. Content capture is off wherever there is any. */
import { join } from 'node:path';
import { granting, stub } from '../stub.ts';

type SdkName = 'openai' | 'anthropic';

export interface Side {
  /** The SDKs that it instruments. */
  sdks: readonly SdkName[];
  /** Without an OpenTelemetry SDK in the process. */
  withoutSdk?: true;
  /** `home`: the folder of the peers, `require`: from there. The OpenTelemetry SDK has started. */
  instrument(require: NodeJS.Require, home: string): Promise<void> | void;
}

const BOTH = ['openai', 'anthropic'] as const;

type Instrumentation = new (config: object) => object;

/** As an application does it: with the providers of the SDK. */
function register(require: NodeJS.Require, config: object, classes: readonly [string, string][]): void {
  const { registerInstrumentations } = require('@opentelemetry/instrumentation') as {
    registerInstrumentations(options: { instrumentations: object[] }): void;
  };
  const instrumentations = classes.map(([name, module]) => {
    const made = (require(module) as Record<string, Instrumentation>)[name]!;
    return new made(config);
  });
  registerInstrumentations({ instrumentations });
}

export const SIDES: Readonly<Record<string, Side>> = {
  nothing: { sdks: BOTH, instrument() {} },
  'spendfuse, no SDK': { sdks: BOTH, withoutSdk: true, instrument: spendfuse },
  spendfuse: { sdks: BOTH, instrument: spendfuse },
  opentelemetry: {
    sdks: ['openai'],
    instrument: (require) =>
      register(require, { captureMessageContent: false }, [
        ['OpenAIInstrumentation', '@opentelemetry/instrumentation-openai'],
      ]),
  },
  traceloop: {
    sdks: BOTH,
    instrument: (require) =>
      register(require, { traceContent: false }, [
        ['OpenAIInstrumentation', '@traceloop/instrumentation-openai'],
        ['AnthropicInstrumentation', '@traceloop/instrumentation-anthropic'],
      ]),
  },
  openinference: {
    sdks: BOTH,
    instrument: (require) =>
      register(require, { traceConfig: { hideInputs: true, hideOutputs: true } }, [
        ['OpenAIInstrumentation', '@arizeai/openinference-instrumentation-openai'],
        ['AnthropicInstrumentation', '@arizeai/openinference-instrumentation-anthropic'],
      ]),
  },
  openlit: {
    sdks: BOTH,
    instrument(require) {
      // Seen as an SDK's own provider, the one that is there is used, with the exporter that everybody has here.
      const { trace } = require('@opentelemetry/api') as typeof import('@opentelemetry/api');
      Object.assign(trace.getTracerProvider(), { addSpanProcessor: () => {} });
      const { Openlit } = require('openlit') as { Openlit: { init(options: object): void } };
      const pricingJson = JSON.stringify({ chat: {} });
      Openlit.init({ captureMessageContent: false, disableEvents: true, pricingJson });
    },
  },
};

async function spendfuse(_: NodeJS.Require, home: string): Promise<void> {
  const load = (path: string) => import(join(home, 'node_modules', 'spendfuse', 'dist', path));
  const { createClient } = (await load('src/client/runtime.js')) as typeof import('../../../src/client/runtime.ts');
  const { readEnvironment } = (await load(
    'src/client/environment.js',
  )) as typeof import('../../../src/client/environment.ts');
  const { localPrices } = (await load(
    'src/client/local-prices.js',
  )) as typeof import('../../../src/client/local-prices.ts');
  const { hookLoading } = (await load(
    'instrumentations/hooks/load.js',
  )) as typeof import('../../../instrumentations/hooks/load.ts');
  granting.leases = true;
  const environment = readEnvironment({ OTEL_SERVICE_NAME: 'bench' }, () => {});
  hookLoading(createClient({ environment, prices: localPrices, transport: stub }));
}
