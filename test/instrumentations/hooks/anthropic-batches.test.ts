/** A batch is asked for as a whole, before it is created; what its results say is read as it comes. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { anthropicBatchResults } from '../../../instrumentations/formats/anthropic-batches.ts';
import { app, downgrade, IMPORT, useStage } from '../../support/stage.ts';
import { deny } from '../../support/stub-server.ts';

describe('a batch of Anthropic’s', () => {
  const stage = useStage();
  const create = async () => (await stage.run([...IMPORT, app('anthropic-batch.mjs')])).json;

  test('is held for all that its messages may come to, and unresolved until they are known', async () => {
    expect(await create()).toEqual({ id: 'msgbatch_one.two' });
    expect(stage.stub.reservations).toMatchObject([
      { model: 'claude-opus-5', provider: 'anthropic', bound: { output_tokens: 1100, batch: true } },
    ]);
    expect(stage.stub.settlements).toMatchObject([{ end: 'lost', status: 'ok', response_id: 'msgbatch_one.two' }]);
  });

  test('that is denied is not created', async () => {
    stage.stub.decide = deny;
    expect(await create()).toEqual({ name: 'BudgetExceededError', status: 402, code: 'exhausted' });
    expect(stage.provider.seen).toEqual([]);
    expect(stage.stub.settlements).toEqual([]);
  });

  test('that is downgraded is so in each of its messages', async () => {
    stage.stub.decide = downgrade({ model: 'claude-haiku-4-5', max_output_tokens: 500 });
    expect(await create()).toEqual({ id: 'msgbatch_one.two' });
    expect(stage.provider.seen[0]?.body).toMatchObject({
      requests: [
        { custom_id: 'one', params: { model: 'claude-haiku-4-5', max_tokens: 500 } },
        { custom_id: 'two', params: { model: 'claude-haiku-4-5', max_tokens: 100 } },
      ],
    });
    expect(stage.stub.settlements).toMatchObject([{ model: 'claude-haiku-4-5', end: 'lost' }]);
  });
});

describe('results of a batch', () => {
  const usage = { input_tokens: 24, cache_read_input_tokens: 16, output_tokens: 12, service_tier: 'batch' };
  const message = { id: 'msg_1', model: 'claude-haiku-4-5', content: [], usage };
  const read = (...lines: unknown[]) => {
    const reader = anthropicBatchResults.format.stream({ model: '', stream: true, bound: { inputTokens: 0 } });
    for (const line of lines) reader.push(line);
    return reader.facts().results;
  };

  test('are of those messages that were answered, at batch prices', () => {
    const results = read(
      { custom_id: 'a', result: { type: 'succeeded', message } },
      { custom_id: 'b', result: { type: 'errored', error: {} } },
      { custom_id: 'c', result: { type: 'canceled' } },
      { custom_id: 'd', result: { type: 'expired' } },
    );
    const counted = { inputTokens: 40, cachedReadTokens: 16, outputTokens: 12, serviceTier: 'batch', batch: true };
    expect(results).toEqual([
      { id: 'a', model: 'claude-haiku-4-5', responseId: 'msg_1', measured: true, usage: counted },
    ]);
  });

  test('without counts are estimated and said to be', () => {
    const text = [{ type: 'text', text: 'x'.repeat(30) }];
    const [result] = read({
      custom_id: 'a',
      result: { type: 'succeeded', message: { ...message, usage: null, content: text } },
    })!;
    expect(result).toMatchObject({ measured: false, usage: { outputTokens: 10, batch: true } });
  });

  test('may be any JSON', () => {
    const odd = fc.oneof(
      fc.jsonValue(),
      fc.record({
        custom_id: fc.jsonValue(),
        result: fc.record({ type: fc.constant('succeeded'), message: fc.jsonValue() }),
      }),
    );
    fc.assert(
      fc.property(fc.array(odd), (lines) => {
        for (const { id, model, usage } of read(...lines) ?? []) {
          expect([typeof id, typeof model]).toEqual(['string', 'string']);
          expect(usage.inputTokens + usage.outputTokens).toBeGreaterThanOrEqual(0);
        }
      }),
    );
  });

  test.each([
    ['/v1/messages/batches/msgbatch_1/results', 'msgbatch_1'],
    ['/proxy/v1/messages/batches/msgbatch_1/results', 'msgbatch_1'],
    ['/v1/messages/batches/msgbatch_1', undefined],
    ['/v1/batches/batch_1/results', undefined],
  ])('are at %s of %s', (path, batch) => {
    expect(anthropicBatchResults.batchAt(path)).toBe(batch);
  });
});
