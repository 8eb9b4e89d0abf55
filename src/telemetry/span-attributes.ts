/** What is said on a span besides what makes its kind. Only called for spans that are recorded. */
import type { Attributes } from '@opentelemetry/api';
import type { Attribution, Dimension } from '../domain/attribution.ts';
import type { Receipt } from '../domain/receipt.ts';
import type { Usage } from '../domain/usage.ts';
import { conventions } from './conventions.ts';
import { ATTR } from './names.ts';
import type { AttemptEnd, CallStart } from './recorder.ts';
import { addRequestSettings } from './request-settings.ts';

/** Already said by GenAI attributes or the resource. */
const NOT_ON_SPANS: ReadonlySet<string> = new Set<Dimension>(['provider', 'model', 'service', 'environment']);

export function addRequest(attributes: Attributes, start: CallStart): void {
  const { maxOutputTokens, choices, stream, attribution, body } = start;
  if (maxOutputTokens !== undefined) attributes[ATTR.requestMaxTokens] = maxOutputTokens;
  if (choices !== undefined) attributes[ATTR.requestChoiceCount] = choices;
  if (stream) attributes[ATTR.requestStream] = true;
  if (body) addRequestSettings(attributes, body);
  for (const dimension in attribution) {
    if (NOT_ON_SPANS.has(dimension)) continue;
    const value = attribution[dimension as keyof Attribution];
    if (value !== undefined) attributes[ATTR.attributionPrefix + dimension] = value;
  }
}

export function addAttempt(attributes: Attributes, end: AttemptEnd, provider: string): void {
  const { usage, receipt, responseModel, responseId, finishReasons, timeToFirstChunk } = end;
  if (responseModel !== undefined) attributes[ATTR.responseModel] = responseModel;
  if (responseId !== undefined) attributes[ATTR.responseId] = responseId;
  if (finishReasons) attributes[ATTR.responseFinishReasons] = [...finishReasons];
  if (timeToFirstChunk !== undefined) attributes[ATTR.responseTimeToFirstChunk] = timeToFirstChunk;
  if (usage) addUsage(attributes, usage, provider);
  if (receipt) addCost(attributes, receipt);
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
