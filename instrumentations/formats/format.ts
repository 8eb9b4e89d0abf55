/** WHAT a call says. A format is pure: parsed bodies in, facts out. It knows nothing of promises, streams or blocking. */
import type { Evidence } from '../../src/domain/evidence.ts';
import type { Usage, UsageBound } from '../../src/domain/usage.ts';

/** `gen_ai.operation.name` of the OTel GenAI conventions. */
export type Operation =
  | 'chat'
  | 'text_completion'
  | 'embeddings'
  | 'generate_content'
  | 'image_generation'
  | 'rerank'
  | 'speech'
  | 'transcription'
  | 'batch';

export interface RequestFacts {
  model: string;
  stream: boolean;
  /** Worst case of the request. Output is over all choices. */
  bound: UsageBound;
  /** What the input will probably come to, never above a bound that holds; feeds `ResponseFacts.estimate`. */
  estimatedInputTokens?: number;
  /** What else it will probably come to, where the answer does not show it: sounds, pictures. */
  estimate?: Partial<Usage>;
  /** With `Format.headers`: what the answer's headers said. */
  answered?: AnswerHeaders;
}

export interface AnswerHeaders {
  responseId?: string;
  inputTokens?: number;
  outputTokens?: number;
}

/** What an answer (or what came of it) says. Everything may be missing; nothing is made up. */
export interface ResponseFacts {
  /** Served model. */
  model?: string;
  responseId?: string;
  finishReasons?: readonly string[];
  /** As the provider reported it. Absent: it reported none (or garbage, which `invalid` explains). */
  usage?: Usage;
  /** Reckoned from what was received; used only when `usage` is absent. */
  estimate?: Usage;
  invalid?: string;
  /** It is done later and billed then; `responseId` is what it is called. */
  later?: true;
  /** Of a file of results: what each of a batch came to. */
  results?: readonly BatchResult[];
  /** It bills nothing by itself: what was set aside for it is given back. */
  isFree?: true;
  /** Type or code of an error that the answer itself carries: a 200 with an error body, an error event in a stream. */
  error?: string;
  /** Of an answer that came through a gateway: what it says of the way. */
  evidence?: Evidence;
}

export interface BatchResult {
  /** The provider's name for its batch, where the answer tells of several. */
  batch?: string;
  /** The caller's own name for it, once in a batch; '': the batch is counted as one. */
  id: string;
  /** When it was asked for; absent where nobody tells. */
  atMs?: number;
  model: string;
  responseId: string | undefined;
  measured: boolean;
  usage: Usage;
}

/** Takes the stream's JSON events in order. `facts()` may be asked at any point, also after a break. */
export interface StreamReader {
  push(event: unknown): void;
  facts(): ResponseFacts;
}

export interface Rewrite {
  model?: string;
  /** Ceiling for the field by which the caller limits output: per choice where a format has choices. */
  maxOutputTokens?: number;
}

export interface Format {
  /** Such as `openai-chat`. */
  id: string;
  operation: Operation;
  /** The provider when the host does not tell. */
  provider: string;
  /**
   * What its paths end in: the last segment, or the verb after its colon. A request with another end is not looked at, so that
   * all the other requests of a service cost one look-up.
   */
  lastSegments: readonly string[];
  /** Of paths that end in an id: the segment before it. */
  parentSegments?: readonly string[];
  /** The header that names the model, where it is not in the body; the format finds it as the last segment (or two) of the path. */
  modelHeader?: string;
  /** Whether a request is of this format, given one of these ends. `path` is the URL's pathname. */
  matches(method: string, path: string): boolean;
  /**
   * `body` is the parsed JSON request, `bodyBytes` its size in UTF-8 bytes, `path` the URL's pathname (Azure
   * names the model there), `host` its name without a port. Undefined: not a request of this format.
   */
  request(body: unknown, bodyBytes: number, path?: string, host?: string): RequestFacts | undefined;
  /**
   * Texts of the input, each a string of the request as it stands. What is not among them (tools, schemas, media, the
   * framing) stays bounded by its bytes or its allowance.
   */
  texts?(body: object): string[];
  /** A request may be a form; its fields are an object then, as `form.ts` has it. */
  form?: true;
  /** A new body with the rewrite applied; never changes its argument. */
  rewrite(body: object, rewrite: Rewrite, path?: string): object;
  /** Where the model is named in the path: the pathname with the rewrite's model in it. */
  rewritePath?(path: string, rewrite: Rewrite): string;
  /**
   * Asks for usage in the stream where the caller did not; undefined when there is nothing to ask for, or when
   * `provider` (from `providerOf`) reports usage unasked or refuses the question.
   */
  askForUsage?(body: object, provider?: string): object | undefined;
  /** With `askForUsage`: whether an event exists only because we asked, and is to be hidden from the caller. */
  isExtraEvent?(event: unknown): boolean;
  /** The body of a denial, in the shape of the provider's errors; absent: OpenAI's, which most SDKs read. */
  denial?(message: string, details: object): object;
  /** The SDK tries again after any 429, whatever `x-should-retry` says: a denial is a 402 then, also where waiting may help. */
  retries429?: true;
  /** The event after which a stream of JSON lines has nothing more, for SDKs that stop reading there. */
  isLastEvent?(event: unknown): boolean;
  /** Counts and names in the headers of an answer, for bodies without them; `response` and `stream` are given them. */
  headers?(header: (name: string) => string | undefined): AnswerHeaders;
  /** Whether the rewrite can be said in this request's own words; absent: always. Where it cannot, the call is denied. */
  canRewrite?(body: object, path: string, rewrite: Rewrite): boolean;
  response(body: unknown, request: RequestFacts): ResponseFacts;
  /** Where an answer may be neither JSON nor events (a sound, plain text): what its size says. It is not kept. */
  opaque?(bytes: number, request: RequestFacts): ResponseFacts;
  stream(request: RequestFacts): StreamReader;
}
