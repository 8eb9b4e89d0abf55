/** The two packages of the one source tree. What each ships follows from its entry points; only this is said by hand. */
export interface PackageSpec {
  name: string;
  description: string;
  /** Compiled files that something outside the package starts from, below dist. */
  entries: readonly string[];
  /** Keys of the root's `exports` that belong to this package. */
  exports: readonly string[];
  bin: boolean;
  /** Version ranges of what the application brings; the rest of its imports are dependencies at the root's versions. */
  peers: Readonly<Record<string, string>>;
  optionalPeers: Readonly<Record<string, string>>;
  /** Files that no import reaches, below the root. */
  extras: readonly string[];
}

export const PACKAGES: readonly PackageSpec[] = [
  {
    name: 'spendfuse',
    description: 'The fuse for AI API spend: one import meters, prices and stops every AI SDK call of a service.',
    entries: ['src/index.js', 'src/register.js'],
    exports: ['.', './register', './package.json'],
    bin: false,
    peers: { '@opentelemetry/api': '>=1.9.0 <2' },
    // Any version: they serve SPENDFUSE_OTEL=start alone, and a range would make npm refuse to install spendfuse beside an
    // application's own, older OpenTelemetry SDK.
    optionalPeers: {
      '@opentelemetry/exporter-metrics-otlp-http': '*',
      '@opentelemetry/sdk-metrics': '*',
      '@opentelemetry/sdk-node': '*',
      // Counts tokens where headroom is short; its encodings are a package's size.
      'gpt-tokenizer': '>=3 <5',
    },
    extras: [],
  },
  {
    name: '@spendfuse/server',
    description: 'The control server and command line of spendfuse: budgets that decide before an AI API call is made.',
    entries: ['src/cli/main.js'],
    exports: ['./package.json'],
    bin: true,
    peers: {},
    optionalPeers: {},
    extras: ['rules/budgets.yaml', 'rules/budgets.schema.json', 'rules/alertmanager/receivers.yaml'],
  },
];
