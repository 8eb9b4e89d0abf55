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

/** The peer's classes hook `require` when they are made; they are kept from being collected by that. */
type Classes = Record<string, new (config?: object) => object>;

export const SIDES: Readonly<Record<string, Side>> = {
  nothing: { sdks: BOTH, instrument() {} },
  'spendfuse, no SDK': { sdks: BOTH, withoutSdk: true, instrument: spendfuse },
  spendfuse: { sdks: BOTH, instrument: spendfuse },
  opentelemetry: {
    sdks: ['openai'],
    instrument(require) {
      const { OpenAIInstrumentation } = require('@opentelemetry/instrumentation-openai') as Classes;
      new OpenAIInstrumentation!({ captureMessageContent: false });
    },
  },
  traceloop: {
    sdks: BOTH,
    instrument(require) {
      const { OpenAIInstrumentation } = require('@traceloop/instrumentation-openai') as Classes;
      const { AnthropicInstrumentation } = require('@traceloop/instrumentation-anthropic') as Classes;
      new OpenAIInstrumentation!({ traceContent: false });
      new AnthropicInstrumentation!({ traceContent: false });
    },
  },
  openinference: {
    sdks: BOTH,
    instrument(require) {
      const { OpenAIInstrumentation } = require('@arizeai/openinference-instrumentation-openai') as Classes;
      const { AnthropicInstrumentation } = require('@arizeai/openinference-instrumentation-anthropic') as Classes;
      const traceConfig = { hideInputs: true, hideOutputs: true };
      new OpenAIInstrumentation!({ traceConfig });
      new AnthropicInstrumentation!({ traceConfig });
    },
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
