/**
 * Which POSTs of no format, to known providers, cost nothing by themselves. Whatever is not in here may be billed, new endpoints
 * before all, and is warned about: a word too many is better than a call that no budget has seen.
 *
 * Paths are told from behind their version (`/v1/files`, `/openai/v1/files` and `/openai/files` are `files`). `*` is one segment, or
 * what is left of it; a double one is anything, also nothing.
 */

/** Counting tokens before a call: free wherever it is offered. */
const COUNTING = [
  'messages/count_tokens',
  'responses/input_tokens',
  'model/*/count-tokens',
  '**:countTokens',
  '**:computeTokens',
  '**:countTextTokens',
  '**:countMessageTokens',
  '**/CountTokens', // Google's, over gRPC.
  '**/models/count-tokens:rawPredict', // Claude on Vertex AI.
  'tokenize',
  'detokenize',
  'tokenize-text',
  'tokenizers/**',
];

/** Files, as they are: what reads them is billed. */
const STORING = ['files/**', 'files:register', 'uploads/**'];

/** What ends or puts away something costs no more; what takes it up again may. */
const ENDING = /[/:](?:cancel|archive|pause|stop|hangup|reject|deactivate|delete)$/;

/** A thing is described or renamed here, and billed where it is used; administration is of nobody's tokens. */
const OPENAI = [
  'moderations',
  // Spoken of as a whole, said without a model: a model speaks in runs and responses. Ids have their kind before them.
  'assistants/**',
  'threads',
  'threads/thread_*',
  'threads/*/messages/**',
  'threads/*/runs/run_*',
  'conversations/**',
  'chat/completions/*',
  // To rename one. What is put into a store is billed by the day, and what a search of it costs is not documented.
  'vector_stores/vs_*',
  // What is to be evaluated, and how; its runs are billed.
  'evals',
  'evals/eval_*',
  'fine_tuning/checkpoints/**',
  'fine_tuning/alpha/graders/validate',
  // A call that is passed on is over.
  'realtime/calls/*/refer',
  'live/sessions/*/refer',
  'traces/ingest', // Which the agents SDK does by itself.
  'skills/**',
  'vaults/**',
  'webhook_endpoints/**',
  'organization/**',
  'projects/**',
];

const OF_PROVIDER: Readonly<Record<string, readonly string[]>> = {
  openai: OPENAI,
  azure: OPENAI,
  aws: OPENAI, // Bedrock's own paths are others, and mantle has OpenAI's.
  // Managed agents are described here; their sessions, deployments and dreams run them. A token is had before the first call.
  anthropic: [
    'agents/**',
    'environments/**',
    'skills/**',
    'vaults/**',
    'user_profiles/**',
    'tunnels/**',
    'organizations/**',
    'oauth/**',
  ],
  // A store for files is free, and what is read into it billed; whatever else keeps (`cachedContents`) is billed by the hour.
  google: [
    'fileSearchStores',
    'webhooks/**',
    '**:fetchPredictOperation',
    '**:transferOwnership',
    'tunedModels/*/permissions',
    // Machines of the project, as all its others: no call.
    '**:deployModel',
    '**:undeployModel',
    '**:mutateDeployedModel',
  ],
  mistral: ['agents', 'agents/ag_*', 'prompts/**', 'skills/**', 'libraries'],
  cohere: ['check-api-key', 'datasets/**', 'connectors/**'],
  together: ['fine-tunes/estimate-price', 'queue/clear'],
  openrouter: ['keys/**', 'auth/**', 'credits/**'],
  'github-copilot': ['mcp/**'], // GitHub's tools, on the same host.
  ollama: ['**'], // Counted at $0 where it is counted.
};

/** Clouds serve more than models on a host: there it is these paths, and nothing is said of the others. */
const OF_MODELS: readonly (readonly [hosts: RegExp, paths: RegExp])[] = [
  [
    /^(?!generativelanguage\.).*\.googleapis\.com$/,
    // Not pipelines, data sets, indexes, notebooks, nor anything in another service of the same region.
    /\/(?:publishers\/[^/]+\/models|endpoints|reasoningEngines|locations)\/[^/]+:[A-Za-z]+$|\/endpoints\/openapi\/|\/(?:batchPredictionJobs|tuningJobs|cachedContents)$|^\/(?:ws\/)?google\.cloud\.aiplatform\.\w+\.(?:Prediction|Llm)\w*\//,
  ],
  // Not speech, vision and the other services of a resource, nor whatever else somebody has put behind a gateway of their own.
  [/\.(?:azure\.com|azure-api\.net)$/, /\/(?:openai|models|anthropic|providers|api\/projects)\//],
  [/^api\.cloudflare\.com$/, /\/ai\/(?:run|v1|tomarkdown)(?:\/|$)/],
];

const STARS: Readonly<Record<string, string>> = { '/**': '(?:/.*)?', '**': '.*', '*': '[^/]+' };
const ANYWHERE = anyOf([...COUNTING, ...STORING]);
const FREE = new Map(Object.entries(OF_PROVIDER).map(([provider, paths]) => [provider, anyOf(paths)]));
const BEFORE = /^(?:.*?\/v\d+[a-z0-9]*|\/openai|\/api\/projects\/[^/]+)(?=\/)/;

/** `provider` as `providerOfHost` has it, `path` without its query. Only for what is of no format. */
export function mayBeBilled(provider: string, host: string, path: string): boolean {
  const name = host.replace(/:\d+$/, '').toLowerCase();
  const models = OF_MODELS.find(([hosts]) => hosts.test(name));
  if (models && !models[1].test(path)) return false;
  const plain = path.endsWith('/') ? path.slice(0, -1) : path;
  if (ENDING.test(plain)) return false;
  const rest = plain.replace(BEFORE, '').slice(1);
  return !ANYWHERE.test(rest) && !FREE.get(provider)?.test(rest);
}

function anyOf(paths: readonly string[]): RegExp {
  return new RegExp(`^(?:${paths.map(patternOf).join('|')})$`);
}

function patternOf(path: string): string {
  return path.replace(/\/\*\*(?!\/)|\*\*|\*|[.+?^${}()|[\]\\]/g, (found) => STARS[found] ?? `\\${found}`);
}
