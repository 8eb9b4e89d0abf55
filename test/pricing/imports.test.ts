import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const ROOM = new URL('../../src/pricing/', import.meta.url);
const IMPORT = /^(?:import|export)\s+(type\s)?[^;]*?from '([^']+)'/gm;

/** File → what it loads at run time. */
function loads(file: string): string[] {
  const found = [...readFileSync(new URL(file, ROOM), 'utf8').matchAll(IMPORT)];
  return found.filter(([, type]) => !type).map(([, , from]) => from!);
}

function reached(file: string, seen = new Set<string>()): Set<string> {
  for (const from of loads(file)) {
    if (seen.has(from)) continue;
    seen.add(from);
    if (from.startsWith('./')) reached(from.slice(2), seen);
  }
  return seen;
}

describe('what a client loads to price with a card', () => {
  it.each(['price.ts', 'bound.ts', 'card.ts', 'receipt.ts'])('%s never reaches genai-prices', (file) => {
    expect([...reached(file)].filter((from) => !from.startsWith('.'))).toEqual([]);
    expect([...reached(file)]).not.toContain('./overlay.ts');
  });

  it('the catalogue does, through one file', () => {
    expect([...reached('catalogue.ts')]).toContain('@pydantic/genai-prices');
    const doors = readdirSync(ROOM).filter(
      (file) => file.endsWith('.ts') && loads(file).includes('@pydantic/genai-prices'),
    );
    expect(doors).toEqual(['public-prices.ts']);
  });
});
