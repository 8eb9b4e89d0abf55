/**
 * Which agent of @openai/agents a call is made for. The SDK keeps its spans in a storage that every copy of it shares, tracing or
 * not, and each agent is one of them. A label only: what is sent is caught in the SDK below.
 */
import { cleanValue } from '../../src/client/attribution.ts';
import { warnOnce } from '../../src/client/warn.ts';

const STORAGE = Symbol.for('openai.agents.core.asyncLocalStorage');

/** Response, turn, agent, task; groups of the application's own may lie between. */
const MAX_DEPTH = 32;

interface Span {
  spanData?: { type?: unknown; name?: unknown };
  previousSpan?: Span;
}

/** Undefined outside a run, and where the SDK keeps its spans otherwise than we know. */
export function agentNow(): string | undefined {
  const storage = (globalThis as { [STORAGE]?: { getStore(): { active?: boolean; span?: Span } | undefined } })[
    STORAGE
  ];
  if (storage === undefined) return undefined;
  try {
    const store = storage.getStore();
    return store?.active ? nameOf(store.span) : undefined;
  } catch {
    return undefined;
  }
}

function nameOf(innermost: Span | undefined): string | undefined {
  let span = innermost;
  for (let depth = 0; span && depth < MAX_DEPTH; depth++, span = span.previousSpan) {
    const { type, name } = span.spanData ?? {};
    if (type === 'agent') return cleanValue('agent', name, warnOnce);
  }
  return undefined;
}
