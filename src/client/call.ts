/**
 * The way of one call: attribute → estimate → admit → CALL → meter → price → record. Hooks know where a call is
 * caught, formats what it says; what happens to it up to its sending is here, from there on in `Attempt`.
 *
 * A call has one or more attempts. Each attempt is admitted, sent and settled on its own; the call has the span.
 */
import type { Format, RequestFacts, Rewrite } from '../../instrumentations/formats/format.ts';
import type { Attribution } from '../domain/attribution.ts';
import type { Fallback } from '../domain/evidence.ts';
import { providerBefore } from '../domain/provider.ts';
import type { CallStart } from '../telemetry/recorder.ts';
import type { Admission, Admissions, Allowed } from './admission.ts';
import { Attempt, type Books } from './attempt.ts';
import { type Attributions, cleanValue } from './attribution.ts';
import { BudgetExceededError } from './errors.ts';
import { contextsAround } from './fallback.ts';
import { uuidv7 } from './ids.ts';
import type { Session } from './session.ts';
import { type Asked, releaseOf } from './settlement.ts';
import type { Call } from './span.ts';

/** What a call needs of the process. */
export interface Client extends Books {
  session: Session;
  attributions: Attributions;
  admissions: Admissions;
}

/** A request as a hook caught it. */
export interface Caught {
  format: Format;
  /** The parsed request and its size in UTF-8 bytes. */
  body: object;
  bodyBytes: number;
  path: string;
  provider: string;
  host?: string;
  port?: number;
  apiKey?: string;
  /** Of a framework that the call comes from. */
  agent?: string;
  signal?: AbortSignal;
  /** Whoever asks tries again after a 429, whatever else it says: a denial is a 402, also where waiting may help. */
  retries429?: true;
  /** It bears a signature over its path and body, so it goes out as it is or not at all. */
  signed?: true;
  gate?: Gate;
  /** Models have their provider's name before them. */
  prefixed?: true;
}

/** A gateway between the service and the providers, or a host that nobody knows and that may be one. */
export interface Gate {
  name?: string | undefined;
  /** Without a name: of how many more answers it is asked. */
  asks: number;
}

/**
 * The hold is granted or the call denied: nothing leaves the process before this is known. At once where slices pay for it;
 * else a promise. Errors: `BudgetExceededError`, thrown or as the rejection.
 */
export function beginAttempt(client: Client, call: Call, caught: Caught): Begun | Promise<Begun> {
  const facts = caught.format.request(caught.body, caught.bodyBytes, caught.path, caught.host);
  if (!facts) return undefined;
  if (caught.prefixed) caught.provider = providerBefore(facts.model) ?? caught.provider;
  if (!client.fallbacks.isQuiet && !call.hasBegun) call.fallback = takesPlaceOf(client, call, caught, facts);
  const attribution = client.attributions.now(caught.apiKey, caught.agent, originName(call.fallback));
  if (call.begins()) call.describe(describe(caught, facts, attribution));
  const asked = ask(client, call, caught, facts, attribution);
  const admitting = client.admissions.admit(asked, caught.signal);
  return admitting instanceof Promise
    ? admitting.then((admission) => concluded(client, call, caught, facts, asked, admission))
    : concluded(client, call, caught, facts, asked, admitting);
}

/** Undefined: not a request of its format. */
export type Begun = Attempt | 'aborted' | undefined;

function concluded(
  client: Client,
  call: Call,
  caught: Caught,
  facts: RequestFacts,
  asked: Asked,
  admission: Admission,
): Begun {
  if (admission.maybeHeld) client.journal.add(releaseOf(asked, Date.now()));
  if (admission.outcome === 'allowed') {
    // What is granted too late is given back, and may be for a rewritten request: this one is another attempt.
    if (admission.maybeHeld) asked.attemptId = uuidv7(Date.now());
    return admitted(client, call, caught, facts, asked, admission);
  }
  if (admission.outcome === 'aborted') return 'aborted';
  call.decision = admission.denial.action;
  call.budget = admission.denial.budget ?? call.budget;
  call.errorType = 'budget_exceeded';
  noteDenial(client, call, caught.format, asked, admission.denial.code);
  throw new BudgetExceededError(admission.denial, caught.retries429 && 402);
}

function takesPlaceOf(client: Client, call: Call, caught: Caught, { model }: RequestFacts): Fallback | undefined {
  const target = { provider: caught.provider, model, operation: caught.format.operation };
  const contexts = contextsAround(call.parentTraceId, client.open.size === 0);
  return client.fallbacks.take(contexts, target, call.startedMs);
}

/** As the dimension has it; undefined for what no budget could take. */
function originName(fallback: Fallback | undefined): string | undefined {
  return fallback && cleanValue('fallback', `${fallback.provider}/${fallback.model}`, () => undefined);
}

function noteDenial({ fallbacks, open }: Client, call: Call, { operation }: Format, asked: Asked, code: string): void {
  const { attemptId, provider, model } = asked;
  const contexts = contextsAround(call.parentTraceId, open.size === 0);
  const why = { attemptId, reason: code, origin: call.fallback };
  fallbacks.failed(contexts, { provider, model, operation }, why, performance.now());
}

function ask(client: Client, call: Call, caught: Caught, facts: RequestFacts, attribution: Attribution): Asked {
  return {
    attemptId: uuidv7(Date.now()),
    callId: call.id,
    session: client.session.id,
    provider: caught.provider,
    model: facts.model,
    bound: facts.bound,
    attribution,
    texts: caught.format.texts && (() => caught.format.texts?.(caught.body) ?? []),
  };
}

function admitted(
  client: Client,
  call: Call,
  caught: Caught,
  before: RequestFacts,
  asked: Asked,
  admission: Allowed,
): Attempt {
  call.decision = admission.decision;
  call.budget = admission.budget ?? call.budget;
  const { format } = caught;
  const { rewrite } = admission;
  if (rewrite && !canRewrite(caught, rewrite)) refuse(client, call, caught, before, asked, admission);
  const rewritten = rewrite ? format.rewrite(caught.body, rewrite, caught.path) : caught.body;
  const asking = format.askForUsage?.(rewritten, caught.provider);
  const body = asking ?? rewritten;
  const path = (rewrite && format.rewritePath?.(caught.path, rewrite)) ?? caught.path;
  const facts = rewrite ? (format.request(body, caught.bodyBytes, path, caught.host) ?? before) : before;
  const hidesExtraEvent = asking !== undefined;
  const { signal, gate } = caught;
  return new Attempt(client, call, { format, facts, body, path, hidesExtraEvent, asked, admission, signal, gate });
}

function canRewrite({ format, body, path, signed }: Caught, rewrite: Rewrite): boolean {
  return !signed && (format.canRewrite?.(body, path, rewrite) ?? true);
}

const UNSENT = { kind: 'unsent' } as const;

/** A budget allows something cheaper alone, and the request cannot be made into that. Its hold is given back. */
function refuse(
  client: Client,
  call: Call,
  { format, body, path }: Caught,
  facts: RequestFacts,
  asked: Asked,
  admission: Allowed,
): never {
  new Attempt(client, call, { format, facts, body, path, hidesExtraEvent: false, asked, admission }).end(UNSENT);
  const { rewrite, budget } = admission;
  const cheaper = rewrite?.model === undefined ? 'with less output' : `as ${rewrite.model}`;
  const detail = `The budget allows it ${cheaper} only, and this request cannot be changed into that.`;
  call.decision = 'downgrade';
  call.errorType = 'budget_exceeded';
  noteDenial(client, call, format, asked, 'exhausted');
  throw new BudgetExceededError({ code: 'exhausted', action: 'downgrade', budget: budget ?? null, detail });
}

function describe(caught: Caught, facts: RequestFacts, attribution: Attribution): CallStart {
  const { outputTokens, choices } = facts.bound;
  return {
    operation: caught.format.operation,
    provider: caught.provider,
    model: facts.model,
    stream: facts.stream,
    attribution,
    body: caught.body,
    choices: choices === 1 ? undefined : choices,
    maxOutputTokens: outputTokens,
    serverAddress: caught.host,
    serverPort: caught.port,
  };
}
