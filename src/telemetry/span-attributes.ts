/** What is said on a span besides what makes its kind. Only called for spans that are recorded. */
import type { Attributes } from '@opentelemetry/api';
import type { Attribution, Dimension } from '../domain/attribution.ts';
import type { Evidence } from '../domain/evidence.ts';
import type { Receipt } from '../domain/receipt.ts';
import type { Usage } from '../domain/usage.ts';
import { conventions } from './conventions.ts';
import { ATTR } from './names.ts';
import type { AttemptEnd, CallStart } from './recorder.ts';
import { addRequestSettings } from './request-settings.ts';

/** Already said by GenAI attributes or the resource. */
const NOT_ON_SPANS: ReadonlySet<string> = new Set<Dimension>(['provider', 'model', 'service', 'environment']);

/** What is known of a call before it is sent. */
export function requestAttributes(start: CallStart): Attributes {
  const { maxOutputTokens, choices, stream, attribution, body } = start;
  const attributes = { ...attributionAttributes(attribution) };
  if (maxOutputTokens !== undefined) attributes[ATTR.requestMaxTokens] = maxOutputTokens;
  if (choices !== undefined) attributes[ATTR.requestChoiceCount] = choices;
  if (stream) attributes[ATTR.requestStream] = true;
  if (body) addRequestSettings(attributes, body);
  return attributes;
}

/** Attributions are the same object wherever they say the same. */
const ofAttributions = new WeakMap<Attribution, Attributes>();

function attributionAttributes(attribution: Attribution): Attributes {
  const known = ofAttributions.get(attribution);
  if (known) return known;
  const attributes: Attributes = {};
  for (const [dimension, value] of Object.entries(attribution)) {
    if (!NOT_ON_SPANS.has(dimension)) attributes[ATTR.attributionPrefix + dimension] = value;
  }
  ofAttributions.set(attribution, attributes);
  return attributes;
}

export function addAttempt(attributes: Attributes, end: AttemptEnd, provider: string): void {
  const { usage, receipt, responseModel, responseId, finishReasons, timeToFirstChunk } = end;
  if (responseModel !== undefined) attributes[ATTR.responseModel] = responseModel;
  if (responseId !== undefined) attributes[ATTR.responseId] = responseId;
  if (finishReasons) attributes[ATTR.responseFinishReasons] = [...finishReasons];
  if (timeToFirstChunk !== undefined) attributes[ATTR.responseTimeToFirstChunk] = timeToFirstChunk;
  if (usage) addUsage(attributes, usage, provider);
  if (receipt) addCost(attributes, receipt);
  if (end.evidence) addEvidence(attributes, end.evidence);
}

/** What it took the place of is a dimension where the application chose it. */
function addEvidence(attributes: Attributes, evidence: Evidence): void {
  const { gateway, gatewayRoute, gatewayCached, servedProvider, reportedCostNanoUsd, fallback } = evidence;
  if (gateway !== undefined) attributes[ATTR.gateway] = gateway;
  if (gatewayRoute !== undefined) attributes[ATTR.gatewayRoute] = gatewayRoute;
  if (gatewayCached) attributes[ATTR.gatewayCached] = true;
  if (servedProvider !== undefined) attributes[ATTR.servedProvider] = servedProvider;
  if (reportedCostNanoUsd !== undefined) attributes[ATTR.reportedCost] = Number(reportedCostNanoUsd) / 1e9;
  if (!fallback) return;
  attributes[ATTR.fallbackBy] = fallback.by;
  if (fallback.reason !== undefined) attributes[ATTR.fallbackReason] = fallback.reason;
  if (fallback.provider !== undefined) attributes[ATTR.fallbackProvider] = fallback.provider;
  if (fallback.model !== undefined) attributes[ATTR.fallbackModel] = fallback.model;
  if (fallback.attemptId !== undefined) attributes[ATTR.fallbackAttempt] = fallback.attemptId;
}

function addUsage(attributes: Attributes, usage: Usage, provider: string): void {
  const { cacheWrites, hasModalities } = conventions();
  attributes[ATTR.usageInputTokens] = usage.inputTokens;
  attributes[ATTR.usageOutputTokens] = usage.outputTokens;
  const { cachedReadTokens, reasoningTokens, serviceTier } = usage;
  if (cachedReadTokens !== undefined) attributes[ATTR.usageCacheReadInputTokens] = cachedReadTokens;
  const written = (usage.cacheWrite5mTokens ?? 0) + (usage.cacheWrite1hTokens ?? 0);
  if (written > 0) attributes[cacheWrites] = written;
  if (reasoningTokens !== undefined) attributes[ATTR.usageReasoningOutputTokens] = reasoningTokens;
  if (serviceTier !== undefined && provider === 'openai') attributes[ATTR.openaiResponseServiceTier] = serviceTier;
  if (hasModalities) addModalities(attributes, usage);
}

function addModalities(attributes: Attributes, usage: Usage): void {
  const { inputAudioTokens, cachedAudioTokens, outputAudioTokens, inputImageTokens, outputImageTokens } = usage;
  if (inputAudioTokens !== undefined) attributes[ATTR.usageAudioInputTokens] = inputAudioTokens;
  if (cachedAudioTokens !== undefined) attributes[ATTR.usageAudioCacheReadInputTokens] = cachedAudioTokens;
  if (outputAudioTokens !== undefined) attributes[ATTR.usageAudioOutputTokens] = outputAudioTokens;
  if (inputImageTokens !== undefined) attributes[ATTR.usageImageInputTokens] = inputImageTokens;
  if (outputImageTokens !== undefined) attributes[ATTR.usageImageOutputTokens] = outputImageTokens;
}

/** For people and dashboards: the ledger keeps the integer. */
function addCost(attributes: Attributes, { costNanoUsd, status }: Receipt): void {
  const usd = Number(costNanoUsd) / 1e9;
  attributes[ATTR.cost] = usd;
  attributes[ATTR.costStatus] = status;
  if (!conventions().hasCost) return;
  attributes[ATTR.usageCostAmount] = usd;
  attributes[ATTR.usageCostCurrency] = 'USD';
  attributes[ATTR.usageCostSource] = 'local';
}
