/** What an answer tells of earlier requests: final counts, or nothing. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openaiBatchesRead } from '../../../instrumentations/formats/openai-batches.ts';
import { usageProblem } from '../../../src/pricing/usage-problem.ts';

const NOTHING_ASKED = { model: 'unknown', stream: false, bound: { inputTokens: 0 } };
const usage = {
  input_tokens: 900,
  input_tokens_details: { cached_tokens: 300 },
  output_tokens: 80,
  output_tokens_details: { reasoning_tokens: 50 },
};
const batch = (more: object = {}) => ({
  id: 'batch_1',
  object: 'batch',
  endpoint: '/v1/responses',
  status: 'completed',
  created_at: 1_790_000_000,
  model: 'gpt-5',
  usage,
  ...more,
});
const read = (body: unknown) => openaiBatchesRead.format.response(body, NOTHING_ASKED).results ?? [];
const told = {
  batch: 'batch_1',
  id: '',
  responseId: 'batch_1',
  measured: true,
  model: 'gpt-5',
  atMs: 1_790_000_000_000,
  usage: { inputTokens: 900, cachedReadTokens: 300, outputTokens: 80, reasoningTokens: 50, batch: true },
};

describe('a batch of OpenAI’s', () => {
  it.each<[string, unknown, unknown[]]>([
    ['that is done', batch(), [told]],
    ['that expired, with what was done of it', batch({ status: 'expired' }), [told]],
    ['that was cancelled, with what was done of it', batch({ status: 'cancelled' }), [told]],
    ['that is under way', batch({ status: 'in_progress' }), []],
    ['that is being cancelled', batch({ status: 'cancelling' }), []],
    ['that failed', batch({ status: 'failed' }), []],
    ['of which nothing is counted', batch({ usage: undefined }), []],
    ['of which nothing was done', batch({ usage: { input_tokens: 0, output_tokens: 0 } }), []],
    ['with counts of garbage', batch({ usage: { ...usage, input_tokens: -1 } }), []],
    ['with more cached than read', batch({ usage: { ...usage, input_tokens: 1 } }), []],
    ['without a name', batch({ id: 7 }), []],
    ['without a model', batch({ model: null }), [{ ...told, model: 'batch' }]],
    [
      'of pictures',
      batch({ endpoint: '/v1/images/generations', usage: { input_tokens: 9, output_tokens: 272 } }),
      [{ ...told, usage: { inputTokens: 9, outputTokens: 272, outputImageTokens: 272, batch: true } }],
    ],
    ['on a page of them', { object: 'list', data: [batch({ status: 'failed' }), batch(), null] }, [told]],
    ['that is something else', { ...batch(), object: 'response' }, []],
  ])('%s', (_, body, expected) => {
    expect(read(body)).toEqual(expected);
  });

  it.each([
    ['/v1/batches', true],
    ['/v1/batches/batch_abc', true],
    ['/openai/batches/batch_abc', true],
    ['/openai/deployments/ours/batches', true],
    ['/v1/batches/batch_abc/cancel', false],
    ['/v1/messages/batches', false],
    ['/v1/messages/batches/msgbatch_1', false],
    ['/warehouse/batches/17', false],
  ])('is told of by %s: %s', (path, expected) => {
    expect(openaiBatchesRead.batchAt(path)).toBe(expected ? '' : undefined);
  });

  it('is no exception and no impossible count, whatever comes', () => {
    const odd = fc.oneof(
      fc.jsonValue(),
      fc.record({ id: fc.string(), usage: fc.jsonValue() }).map((more) => batch(more)),
    );
    fc.assert(
      fc.property(odd, (body) => {
        for (const { usage: counted } of read({ object: 'list', data: [body] }))
          expect(usageProblem(counted)).toBeUndefined();
        read(body);
      }),
    );
  });
});
