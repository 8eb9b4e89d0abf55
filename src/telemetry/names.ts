/**
 * Every span, attribute and metric name once. GenAI names are our own copy of the OTel GenAI semantic conventions
 * (status: Development), so that a rename there is one line here; which of those in flux are used, `conventions` says.
 */
export const SCOPE_NAME = 'spendfuse';

export const ATTR = {
  operationName: 'gen_ai.operation.name',
  providerName: 'gen_ai.provider.name',
  requestModel: 'gen_ai.request.model',
  requestMaxTokens: 'gen_ai.request.max_tokens',
  requestStream: 'gen_ai.request.stream',
  requestChoiceCount: 'gen_ai.request.choice.count',
  requestTemperature: 'gen_ai.request.temperature',
  requestTopP: 'gen_ai.request.top_p',
  requestTopK: 'gen_ai.request.top_k',
  requestFrequencyPenalty: 'gen_ai.request.frequency_penalty',
  requestPresencePenalty: 'gen_ai.request.presence_penalty',
  requestSeed: 'gen_ai.request.seed',
  responseModel: 'gen_ai.response.model',
  responseId: 'gen_ai.response.id',
  responseFinishReasons: 'gen_ai.response.finish_reasons',
  responseTimeToFirstChunk: 'gen_ai.response.time_to_first_chunk',
  openaiResponseServiceTier: 'openai.response.service_tier',
  usageInputTokens: 'gen_ai.usage.input_tokens',
  usageOutputTokens: 'gen_ai.usage.output_tokens',
  usageCacheReadInputTokens: 'gen_ai.usage.cache_read.input_tokens',
  usageCacheCreationInputTokens: 'gen_ai.usage.cache_creation.input_tokens',
  usageCacheWriteInputTokens: 'gen_ai.usage.cache_write.input_tokens',
  usageReasoningOutputTokens: 'gen_ai.usage.reasoning.output_tokens',
  usageAudioInputTokens: 'gen_ai.usage.audio.input_tokens',
  usageAudioCacheReadInputTokens: 'gen_ai.usage.audio.cache_read.input_tokens',
  usageAudioOutputTokens: 'gen_ai.usage.audio.output_tokens',
  usageImageInputTokens: 'gen_ai.usage.image.input_tokens',
  usageImageOutputTokens: 'gen_ai.usage.image.output_tokens',
  usageCostAmount: 'gen_ai.usage.cost.amount',
  usageCostCurrency: 'gen_ai.usage.cost.currency',
  usageCostSource: 'gen_ai.usage.cost.source',
  tokenType: 'gen_ai.token.type',
  tokenModality: 'gen_ai.token.modality',
  serverAddress: 'server.address',
  serverPort: 'server.port',
  errorType: 'error.type',
  /** Prefix of attribution dimensions: `spendfuse.team`. */
  attributionPrefix: 'spendfuse.',
  cost: 'spendfuse.cost',
  costStatus: 'spendfuse.cost.status',
  decision: 'spendfuse.decision',
  budget: 'spendfuse.budget',
  attempts: 'spendfuse.attempts',
  gateway: 'spendfuse.gateway',
  gatewayRoute: 'spendfuse.gateway.route',
  gatewayCached: 'spendfuse.gateway.cached',
  servedProvider: 'spendfuse.served_provider',
  /** USD, as a gateway says. */
  reportedCost: 'spendfuse.reported_cost',
  fallbackBy: 'spendfuse.fallback.by',
  fallbackReason: 'spendfuse.fallback.reason',
  fallbackProvider: 'spendfuse.fallback.provider',
  fallbackModel: 'spendfuse.fallback.model',
  fallbackAttempt: 'spendfuse.fallback.attempt_id',
  /** On metrics: whether the call took the place of another. */
  isFallback: 'spendfuse.is_fallback',
} as const;

/** Emitted by services, through the OTel API. */
export const CLIENT_METRIC = {
  tokenUsage: 'gen_ai.client.token.usage',
  operationDuration: 'gen_ai.client.operation.duration',
  operationTimeToFirstChunk: 'gen_ai.client.operation.time_to_first_chunk',
  operationTimePerOutputChunk: 'gen_ai.client.operation.time_per_output_chunk',
  inferenceDuration: 'gen_ai.client.inference.duration',
  inferenceTimeToFirstChunk: 'gen_ai.client.inference.time_to_first_chunk',
  inferenceTimePerOutputChunk: 'gen_ai.client.inference.time_per_output_chunk',
  inferenceInputTokens: 'gen_ai.client.inference.operation.input_tokens',
  inferenceOutputTokens: 'gen_ai.client.inference.operation.output_tokens',
  inferenceUsageInputTokens: 'gen_ai.client.inference.usage.input_tokens',
  inferenceUsageOutputTokens: 'gen_ai.client.inference.usage.output_tokens',
  inferenceUsageCacheReadInputTokens: 'gen_ai.client.inference.usage.cache_read.input_tokens',
  inferenceUsageCacheWriteInputTokens: 'gen_ai.client.inference.usage.cache_write.input_tokens',
  inferenceUsageReasoningOutputTokens: 'gen_ai.client.inference.usage.reasoning.output_tokens',
  cost: 'spendfuse.client.cost',
  /** 1 while the server decides, 0 while it is away and slices or the rules for it do. */
  serverAvailable: 'spendfuse.client.server.available',
  settlementsLost: 'spendfuse.client.settlements.lost',
} as const;

/** On the server's /metrics. Rules and dashboards read only these. */
export const METRIC = {
  cost: 'spendfuse_cost_usd_total',
  tokens: 'spendfuse_tokens_total',
  calls: 'spendfuse_calls_total',
  unpricedCalls: 'spendfuse_unpriced_calls_total',
  unownedCost: 'spendfuse_unowned_cost_usd_total',
  decisions: 'spendfuse_decisions_total',
  decisionDuration: 'spendfuse_decision_duration_seconds',
  budgetLimit: 'spendfuse_budget_limit_usd',
  budgetSpent: 'spendfuse_budget_spent_usd',
  budgetReserved: 'spendfuse_budget_reserved_usd',
  budgetUnresolved: 'spendfuse_budget_unresolved_usd',
  budgetState: 'spendfuse_budget_state',
  budgetThresholdCrossed: 'spendfuse_budget_threshold_crossed',
  budgetWindowEnd: 'spendfuse_budget_window_end_timestamp_seconds',
  sessions: 'spendfuse_sessions',
  waiting: 'spendfuse_waiting_reservations',
  leased: 'spendfuse_leased_usd',
  ready: 'spendfuse_ready',
  configReloads: 'spendfuse_config_reloads_total',
  configLastReloadSuccess: 'spendfuse_config_last_reload_successful',
} as const;

/**
 * Labels of the counters made from settlements, in this order; all bounded (the config's `metrics.labels` may add).
 * `provider` and `model` are as served; `fallback` is `true` or `false`.
 */
export const USAGE_LABELS = [
  'service',
  'team',
  'environment',
  'workflow',
  'provider',
  'model',
  'key_alias',
  'route',
  'fallback',
] as const;

/**
 * Labels of the budget gauges besides the `per` dimensions. `threshold` is the percentage as written, `80`;
 * `state` is one of ok, soft, hard, each 0 or 1; `shadow` is `true` or `false`.
 */
export const BUDGET_LABEL = {
  budget: 'budget',
  owner: 'owner',
  threshold: 'threshold',
  severity: 'severity',
  state: 'state',
  shadow: 'shadow',
} as const;

/** Labels of the other series: `decision` and `reason` on decisions, `type` on tokens, `outcome` on calls. */
export const COUNTER_LABEL = {
  decision: 'decision',
  reason: 'reason',
  type: 'type',
  outcome: 'outcome',
} as const;

/** A threshold as the `threshold` label writes it: 8000 basis points are `80`, 1250 are `12.5`. */
export function thresholdLabel(basisPoints: number): string {
  return String(basisPoints / 100);
}
