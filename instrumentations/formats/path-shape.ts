/**
 * A path as it may be said in a log: the words of the APIs stay, whatever else stands in it is a star. Ids, names of
 * deployments and projects, numbers of accounts and models are somebody's own.
 */

/** Below the first one, which an API names by itself. A new one is a star until it is in here. */
const WORDS = new Set(
  `accept agentAliases agents ai aliases alpha anthropic api apply async audio automations batch batchPredictionJobs batches
  cachedContents call calls characters chat checkpoints client client_secrets clone compact completions connectors containers
  content contents conversations credentials deployments documents edits embeddings endpoints environments eu evals events
  execute extensions file_batches files fileSearchStores fim fine_tuning flows fork generate generation generations graders
  guardrail images inference infer input_items invocations invoke invoke-with-bidirectional-stream items jobs knowledgebases
  libraries live locations memories messages model models multimodal openai openapi operations parts permissions projects
  providers publishers reasoningEngines realtime remix responses restart resume retrieve retrieveAndGenerate run runs search
  sessions speech steps stream submit_tool_outputs tasks templates text text_to_image threads tools transcription_sessions
  transcriptions translations tts tunedModels tuningJobs unpause upload upscale validate vector_stores version versions video
  videos voices work workflows ws`.split(/\s+/),
);

const VERSION = /^v\d+(?:alpha|beta)?\d*(?:p\d+)?(?:beta\d*)?$/;
const WORD = /^[a-z][\w-]{0,39}$/i;
/** A service of gRPC, and Google's live sockets. */
const SERVICE = /^google\.[\w.]{1,80}$/;
const VERB = /^([^:]*):([A-Za-z]{1,40})$/;
const MAX_SEGMENTS = 12;

export interface Manners {
  /** Where paths begin as the owner of the host has chosen. */
  ownBeginning?: boolean;
  /** Where they end in a colon and a verb, as Google's do; elsewhere what follows a colon is a part of a name. */
  verbs?: boolean;
}

/** `path` without its query. */
export function shapeOf(path: string, { ownBeginning = false, verbs = false }: Manners = {}): string {
  const segments = path.split('/').filter((segment) => segment !== '');
  const version = segments.findIndex((segment) => VERSION.test(segment));
  const shape = segments.slice(0, MAX_SEGMENTS).map((segment, at) => {
    const isFirst = version >= 0 ? at === version + 1 : at === 0 && !ownBeginning;
    if (at === version || (isFirst && WORD.test(segment))) return segment;
    return shapeOfSegment(segment, segments[at - 1] ?? '', verbs);
  });
  return `/${shape.join('/')}${segments.length > MAX_SEGMENTS ? '/…' : ''}`;
}

function shapeOfSegment(segment: string, before: string, verbs: boolean): string {
  if (WORDS.has(segment) || SERVICE.test(segment)) return segment;
  if (SERVICE.test(before) && WORD.test(segment)) return segment;
  const [, thing, verb] = (verbs && VERB.exec(segment)) || [];
  return thing === undefined ? '*' : `${WORDS.has(thing) ? thing : '*'}:${verb}`;
}
