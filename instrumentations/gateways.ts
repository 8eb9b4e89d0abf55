/**
 * Gateways between a service and the providers: which one an answer came through, and what its headers and its body say of
 * who really served it, by which way, whether from the gateway's own cache, and at what cost. Pure: headers and JSON in,
 * evidence out; whatever is garbled is not there. What a gateway does not say is not made up.
 */
import type { Evidence, Fallback } from '../src/domain/evidence.ts';
import { providerNamed } from '../src/domain/provider.ts';
import type { Format, ResponseFacts, StreamReader } from './formats/format.ts';
import { providerOfHost } from './formats/provider.ts';
import { isObject, type Json, list } from './formats/read.ts';

export type GatewayName = 'openrouter' | 'litellm' | 'portkey' | 'vercel' | 'cloudflare' | 'helicone' | 'bifrost';
export type HeaderOf = (name: string) => string | null | undefined;

/** What is known once the headers are there. */
export interface Heard {
  gateway: GatewayName;
  evidence: Evidence;
  /** Model that the headers name; stands in only where the body does not know better. */
  model?: string;
}

interface Gateway {
  name: GatewayName;
  /** A header that all of its answers have, and nobody else's; for gateways on hosts of one's own. */
  telling?: string;
  headers(header: HeaderOf): Omit<Heard, 'gateway'>;
  body?(body: Json): Omit<Heard, 'gateway'>;
}

/** https://openrouter.ai/docs/use-cases/usage-accounting, https://openrouter.ai/docs/guides/features/response-caching */
const openrouter: Gateway = {
  name: 'openrouter',
  headers: (header) => ({ evidence: cachedIf(isHit(header('x-openrouter-cache-status'))) }),
  body({ provider, usage }) {
    const evidence: Evidence = {};
    provide(evidence, provider);
    if (!isObject(usage)) return { evidence };
    // With one's own key the provider is paid besides: `cost` is OpenRouter's fee alone.
    const upstream =
      usage.is_byok === true && isObject(usage.cost_details) && usage.cost_details.upstream_inference_cost;
    report(evidence, usage.cost, upstream || 0);
    return { evidence };
  },
};

/**
 * https://docs.litellm.ai/docs/proxy/response_headers; the cache key is sent on hits alone, with the cost of the call that filled the
 * cache: https://docs.litellm.ai/docs/proxy/caching. `x-litellm-model-name` is from litellm/proxy/common_request_processing.py.
 */
const litellm: Gateway = {
  name: 'litellm',
  telling: 'x-litellm-call-id',
  headers(header) {
    const evidence = cachedIf(word(header('x-litellm-cache-key')) !== undefined);
    const named = word(header('x-litellm-model-name'));
    const [prefix, model] = split(named);
    provide(evidence, (prefix && providerNamed(prefix)) ?? providerAt(header('x-litellm-model-api-base')));
    route(evidence, header('x-litellm-model-id') ?? header('x-litellm-model-group'));
    if (!evidence.gatewayCached) report(evidence, header('x-litellm-response-cost'));
    if (above0(header('x-litellm-attempted-fallbacks'))) evidence.fallback = { by: 'gateway' };
    // Azure's is the name of a deployment, and what the body says is the model's.
    return evidence.servedProvider === 'azure' || model === undefined ? { evidence } : { evidence, model };
  },
};

/**
 * https://portkey.ai/docs/api-reference/inference-api/response-schema; the provider is from src/handlers/services/responseService.ts of
 * github.com/Portkey-AI/gateway. The option's index tells the way and not whether it was a fallback: one of a load balancer is no fallback.
 */
const portkey: Gateway = {
  name: 'portkey',
  telling: 'x-portkey-trace-id',
  headers(header) {
    const evidence = cachedIf(isHit(header('x-portkey-cache-status')));
    provide(evidence, header('x-portkey-provider'));
    route(evidence, header('x-portkey-last-used-option-index'));
    return { evidence };
  },
};

/**
 * https://developers.cloudflare.com/ai-gateway/features/caching/ and …/features/dynamic-routing/usage/ (model and provider);
 * https://developers.cloudflare.com/ai-gateway/glossary: step 0 is the first of the ways in their order, any later one a fallback.
 */
const cloudflare: Gateway = {
  name: 'cloudflare',
  telling: 'cf-aig-log-id',
  headers(header) {
    const evidence = cachedIf(isHit(header('cf-aig-cache-status')));
    provide(evidence, header('cf-aig-provider'));
    const step = header('cf-aig-step');
    route(evidence, step && `step ${step}`);
    if (above0(step)) evidence.fallback = { by: 'gateway' };
    const model = word(header('cf-aig-model'));
    return model === undefined ? { evidence } : { evidence, model };
  },
};

/** https://docs.helicone.ai/features/advanced-usage/caching; the index of the fallback is from Helicone's own router (gatewayRouter.ts). */
const helicone: Gateway = {
  name: 'helicone',
  telling: 'helicone-id',
  headers(header) {
    const evidence = cachedIf(isHit(header('helicone-cache')));
    const index = header('helicone-fallback-index');
    route(evidence, index && `fallback ${index}`);
    if (above0(index)) evidence.fallback = { by: 'gateway' };
    return { evidence };
  },
};

/** https://docs.getbifrost.ai/providers/response-headers: the headers of routing info, and the ones before them. */
const bifrost: Gateway = {
  name: 'bifrost',
  telling: 'x-bifrost-request-id',
  headers(header) {
    const evidence: Evidence = {};
    provide(evidence, header('x-bifrost-routing-info-provider') ?? header('x-bifrost-provider'));
    const isFallback = header('x-bifrost-routing-info-is-fallback') === 'true';
    if (isFallback || above0(header('x-bifrost-fallback-index'))) {
      evidence.fallback = fallbackFrom(
        header('x-bifrost-routing-info-primary-provider'),
        header('x-bifrost-routing-info-primary-model'),
      );
    }
    const model = word(header('x-bifrost-routing-info-model') ?? header('x-bifrost-resolved-model'));
    return model === undefined ? { evidence } : { evidence, model };
  },
};

/**
 * https://vercel.com/docs/ai-gateway/models-and-providers/provider-options: `providerMetadata.gateway` with its routing, its attempts and
 * `cost`; in OpenAI's format `provider_metadata`, at the top or with the message.
 */
const vercel: Gateway = {
  name: 'vercel',
  headers: () => ({ evidence: {} }),
  body(body) {
    const evidence: Evidence = {};
    const { gateway } = metadataIn(body) ?? {};
    if (!isObject(gateway)) return { evidence };
    report(evidence, gateway.cost);
    const { routing } = gateway;
    if (!isObject(routing)) return { evidence };
    const { resolvedProvider, finalProvider } = routing;
    provide(evidence, finalProvider ?? resolvedProvider);
    const isOther = typeof finalProvider === 'string' && typeof resolvedProvider === 'string';
    if (isOther && finalProvider !== resolvedProvider) evidence.fallback = fallbackFrom(resolvedProvider, undefined);
    const model = word(modelIn(routing));
    return model === undefined ? { evidence } : { evidence, model };
  },
};

function metadataIn(body: Json): Json | undefined {
  const [choice] = list(body.choices);
  const message = isObject(choice) ? (choice.message ?? choice.delta) : undefined;
  const places = [body, message].filter(isObject);
  return places.flatMap((place) => [place.providerMetadata, place.provider_metadata]).find(isObject);
}

/** The successful attempt's own name for it; the resolved one is the first provider's. */
function modelIn({ attempts, resolvedProvider, finalProvider, resolvedProviderApiModelId }: Json): unknown {
  const done = list(attempts).find((attempt) => isObject(attempt) && attempt.success === true);
  if (isObject(done)) return done.providerApiModelId;
  return finalProvider === undefined || finalProvider === resolvedProvider ? resolvedProviderApiModelId : undefined;
}

const GATEWAYS: Readonly<Record<GatewayName, Gateway>> = {
  openrouter,
  litellm,
  portkey,
  vercel,
  cloudflare,
  helicone,
  bifrost,
};
const TELLING = Object.values(GATEWAYS).filter(({ telling }) => telling !== undefined);

/** By the one header that tells it; for a host that nobody knows. */
export function gatewayBy(header: HeaderOf): GatewayName | undefined {
  return TELLING.find(({ telling }) => word(header(telling!)) !== undefined)?.name;
}

export function hear(gateway: GatewayName, header: HeaderOf): Heard {
  const heard = GATEWAYS[gateway].headers(header);
  return { ...heard, gateway, evidence: { gateway, ...heard.evidence } };
}

/** The format as it reads through a gateway: with what headers and body say of the way. */
export function through(format: Format, heard: Heard): Format {
  const { body: read } = GATEWAYS[heard.gateway];
  return {
    ...format,
    response(body, request) {
      const facts = format.response(body, request);
      const said = read && isObject(body) ? read(body) : undefined;
      return withEvidence(facts, request.model, heard, said);
    },
    stream(request): StreamReader {
      const reader = format.stream(request);
      let said: Omit<Heard, 'gateway'> | undefined;
      return {
        push(event) {
          reader.push(event);
          if (read && isObject(event)) said = merged(said, read(event));
        },
        facts: () => withEvidence(reader.facts(), request.model, heard, said),
      };
    },
  };
}

function merged(before: Omit<Heard, 'gateway'> | undefined, next: Omit<Heard, 'gateway'>): Omit<Heard, 'gateway'> {
  return { ...before, ...next, evidence: { ...before?.evidence, ...next.evidence } };
}

function withEvidence(facts: ResponseFacts, asked: string, heard: Heard, said?: Omit<Heard, 'gateway'>): ResponseFacts {
  const evidence = { ...heard.evidence, ...said?.evidence };
  const all: ResponseFacts = { ...facts, evidence };
  const model = said?.model ?? heard.model;
  // A gateway may repeat the name that it was asked by; a provider's own name for what it served is nearer to its price.
  if (model !== undefined && (facts.model === undefined || facts.model === asked)) all.model = model;
  return evidence.gatewayCached ? unbilled(all) : all;
}

/** The answer tells the counts and the id of the one that filled the cache: billed then, and not again. */
function unbilled({ estimate: _, invalid: __, responseId: ___, ...facts }: ResponseFacts): ResponseFacts {
  return { ...facts, usage: { inputTokens: 0, outputTokens: 0 } };
}

/** A name, an index, a path: short, in plain ASCII; else it is not what it claims to be. */
function word(value: unknown): string | undefined {
  return typeof value === 'string' && /^[\x21-\x7e](?:[\x20-\x7e]{0,126}[\x21-\x7e])?$/.test(value) ? value : undefined;
}

function split(named: string | undefined): [prefix?: string, rest?: string] {
  const slash = named?.indexOf('/') ?? -1;
  if (named === undefined || slash <= 0) return [undefined, named];
  const rest = named.slice(slash + 1);
  // Without a provider before it, all of it is the model's name.
  return providerNamed(named.slice(0, slash)) === undefined || rest === ''
    ? [undefined, named]
    : [named.slice(0, slash), rest];
}

/** In the words of the price catalogue, or the gateway's own where the catalogue has none. */
function provide(evidence: Evidence, name: unknown): void {
  const said = word(name);
  if (said !== undefined) evidence.servedProvider = providerNamed(said) ?? said.toLowerCase();
}

function providerAt(base: unknown): string | undefined {
  const url = typeof base === 'string' ? URL.parse(base) : null;
  return url ? providerOfHost(url.host) : undefined;
}

function route(evidence: Evidence, name: unknown): void {
  const said = word(name);
  if (said !== undefined) evidence.gatewayRoute = said;
}

/** Costs in USD, as numbers or text; what one answer cannot cost is garbage. */
function report(evidence: Evidence, ...costs: unknown[]): void {
  let usd = 0;
  for (const cost of costs) {
    const amount = typeof cost === 'string' && cost.trim() !== '' ? Number(cost) : cost;
    if (typeof amount !== 'number' || !(amount >= 0) || amount > 1_000_000) return;
    usd += amount;
  }
  evidence.reportedCostNanoUsd = BigInt(Math.round(usd * 1e9));
}

function cachedIf(isCached: boolean): Evidence {
  return isCached ? { gatewayCached: true } : {};
}

function isHit(status: unknown): boolean {
  return typeof status === 'string' && /^(?:semantic )?hit$/i.test(status.trim());
}

function above0(count: unknown): boolean {
  return typeof count === 'string' && /^0*[1-9]\d{0,3}$/.test(count);
}

function fallbackFrom(provider: unknown, model: unknown): Fallback {
  const fallback: Fallback = { by: 'gateway' };
  const from = word(provider);
  const fromModel = word(model);
  if (from !== undefined) fallback.provider = providerNamed(from) ?? from.toLowerCase();
  if (fromModel !== undefined) fallback.model = fromModel;
  return fallback;
}
