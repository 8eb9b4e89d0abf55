/** Anthropic's SDK makes spans of its own where there is a tracer provider: nothing is counted twice by it. */
import { describe, expect, test } from 'vitest';
import { brief } from '../../sdks/run.ts';
import { app, IMPORT, useStage } from '../../support/stage.ts';

interface Span {
  scope: string;
  name: string;
  id: string;
  trace: string;
  parent?: string;
}

describe('Anthropic’s SDK under a tracer provider', () => {
  const stage = useStage();

  test.each(['@anthropic-ai/sdk', 'anthropic-0'])(
    '%s: one span of ours for each call, under its own',
    async (PACKAGE) => {
      const { json, stderr } = await stage.run([...IMPORT, app('anthropic-otel.mjs')], { PACKAGE });
      const { spans, ...seen } = json as { spans: Span[] };
      expect(seen).toEqual({ id: 'msg_1', again: 'msg_1', output: 12 });
      expect(stage.stub.settlements.map(brief)).toEqual([
        'settled ok 40/12',
        'released rejected 0/0',
        'settled ok 40/12',
        'settled ok 40/12',
        'settled aborted, estimated',
        'settled ok 40/12',
      ]);
      const ours = spans.filter(({ scope }) => scope === 'spendfuse');
      const theirs = spans.filter(({ scope }) => scope.startsWith('com.anthropic.sdk'));
      expect(ours).toHaveLength(5);
      expect(theirs).toHaveLength(6);
      expect(new Set(ours.map(({ parent }) => parent)).size).toBe(5);
      expect(ours.every(({ parent }) => theirs.some(({ id }) => id === parent))).toBe(true);
      expect(new Set(spans.map((span) => span.trace)).size).toBe(1);
      expect(stderr).toBe('');
    },
  );
});
