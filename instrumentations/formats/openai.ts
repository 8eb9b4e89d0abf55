/** What OpenAI's formats share with each other. */
import type { Rewrite } from './format.ts';
import { isObject, name } from './read.ts';

/**
 * The most an image can cost. gpt-4o-mini charges 2,833 + 5,667 a tile with at most 8 tiles. The others stay under
 * 85 + 170 a tile, 1,536 patches with a multiplier of at most 2.46, or 10,000 patches (`detail: original`) with 1.2.
 */
export function tokensPerImage(model: string): number {
  return model.includes('4o-mini') ? 48_169 : 12_500;
}

/** The model in the body; Azure names a deployment in the path instead: `/openai/deployments/NAME/…`. */
export function modelOf(body: { model?: unknown }, path?: string): string {
  return name(body.model) ?? (path === undefined ? undefined : deploymentIn(path)) ?? 'unknown';
}

function deploymentIn(path: string): string | undefined {
  return /\/deployments\/([^/]+)\//.exec(path)?.[1];
}

/** The pathname with another deployment in it; as it is where it names none. */
export function deploymentRenamed(path: string, { model }: Rewrite): string {
  if (model === undefined) return path;
  return path.replace(/\/deployments\/[^/]+\//, () => `/deployments/${encodeURIComponent(model)}/`);
}

/** The tier as it is billed: `fast` is OpenAI's other word for `priority`. */
export function tierOf(value: unknown): string | undefined {
  return value === 'fast' ? 'priority' : name(value);
}

/** o1, o3, gpt-5 and later refuse `max_tokens`. Prefixes of routers (`openai/`) and fine-tunes (`ft:`) may stand before. */
export function isReasoningModel(model: string): boolean {
  return /(?:^|[/:])(?:o\d|gpt-(?:[5-9]|\d\d))/.test(model);
}

/** The lower of two ceilings, as a new value for a field that may hold garbage. */
export function lowered(current: unknown, ceiling: number): number {
  return typeof current === 'number' && current < ceiling ? current : ceiling;
}

export function isSearchTool(tool: unknown): boolean {
  return isObject(tool) && typeof tool.type === 'string' && tool.type.startsWith('web_search');
}
