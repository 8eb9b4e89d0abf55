/** Pictures of Imagen: how many are held, what is told of them, and what a call can be made into. */
import { describe, expect, it } from 'vitest';
import { geminiEmbeddings } from '../../../instrumentations/formats/gemini-embeddings.ts';
import { imagen } from '../../../instrumentations/formats/imagen.ts';
import { MAX_USAGE_COUNT } from '../../../src/domain/usage.ts';
import { bound } from '../../../src/pricing/bound.ts';
import { price } from '../../../src/pricing/price.ts';
import { boundProblem } from '../../../src/pricing/usage-problem.ts';
import { cardOf, NOVEMBER } from '../../pricing/support.ts';

const PATH = '/v1beta/models/imagen-4.0-generate-001:predict';
const VERTEX = '/v1/projects/p/locations/l/publishers/google/models/';
const asked = (parameters?: unknown, instances: unknown = [{ prompt: 'a' }]) => ({ instances, parameters });
const factsOf = (body: object, path = PATH) => imagen.request(body, 1_000_000, path);
const PICTURE = { mimeType: 'image/png', bytesBase64Encoded: 'iVBORw0KGgo=' };

describe('the hold', () => {
  it.each<[string, object, number]>([
    ['the pictures that are asked for', asked({ sampleCount: 3 }), 3],
    ['four where nobody says how many', asked(), 4],
    ['four where the count is null', asked({ sampleCount: null }), 4],
    ['four where the provider refuses the count', asked({ sampleCount: 0 }), 4],
    ['four where the count is a text', asked({ sampleCount: '2' }), 4],
    ['four where the parameters are none', asked([]), 4],
    ['those of every prompt', asked({ sampleCount: 2 }, [{ prompt: 'a' }, { prompt: 'b' }]), 4],
    ['never more than can be counted', asked({ sampleCount: MAX_USAGE_COUNT }, [1, 2]), MAX_USAGE_COUNT],
  ])('is %s', (_, body, outputImages) => {
    const facts = factsOf(body);
    expect(facts?.bound).toEqual({ inputTokens: 0, outputTokens: 0, outputImages });
    expect(boundProblem(facts!.bound)).toBeUndefined();
  });

  it.each([{}, { instances: 'a' }, { instances: [] }])('is nothing for %j, which Google refuses', (body) => {
    expect(factsOf(body)).toBeUndefined();
  });

  it.each([
    ['imagen-4.0-ultra-generate-001', '0.24'],
    ['imagen-9', '0.48'],
  ])('of %s is %s USD, and covers what comes', (model, usd) => {
    const card = cardOf(`google/${model}`);
    const facts = factsOf(asked(), `${VERTEX}${model}:predict`)!;
    const { usage } = imagen.response({ predictions: [PICTURE, PICTURE, PICTURE, PICTURE] }, facts);
    expect(Number(bound(card, facts.bound))).toBe(Number(usd) * 1e9);
    expect(price(card, usage!, NOVEMBER, 'measured').costNanoUsd).toBe(bound(card, facts.bound));
  });
});

describe('an answer that cannot be read is taken for what was asked for', () => {
  const estimate = { inputTokens: 0, outputTokens: 0, outputImages: 2 };
  it.each<[unknown, string | undefined]>([
    [{ predictions: 'two' }, 'predictions are no list'],
    [{ predictions: [PICTURE, {}] }, 'a prediction is neither a picture nor says why there is none'],
    [{ predictions: [{ bytesBase64Encoded: '' }] }, 'a prediction is neither a picture nor says why there is none'],
    [{ predictions: [null] }, 'a prediction is neither a picture nor says why there is none'],
    [{ data: [{ b64_json: 'iVBORw0KGgo=' }] }, undefined],
    ['two pictures', undefined],
  ])('%j', (answer, invalid) => {
    const facts = imagen.response(answer, factsOf(asked({ sampleCount: 2 }))!);
    expect(facts).toEqual({ estimate, ...(invalid && { invalid }) });
  });

  it('nothing of a picture is kept', () => {
    const facts = imagen.response({ predictions: [PICTURE] }, factsOf(asked())!);
    expect(JSON.stringify(facts)).not.toContain(PICTURE.bytesBase64Encoded);
  });
});

describe('a downgrade', () => {
  const body = asked({ sampleCount: 2, sampleImageSize: '2K' });

  it('names the model in the path, and nothing in the body', () => {
    const model = 'imagen-4.0-generate-001';
    expect(imagen.rewrite(body, { model, maxOutputTokens: 5 })).toEqual(body);
    expect(imagen.rewritePath!(`${VERTEX}imagen-4.0-ultra-generate-001:predict`, { model })).toBe(
      `${VERTEX}${model}:predict`,
    );
    expect(imagen.rewritePath!(PATH, { maxOutputTokens: 5 })).toBe(PATH);
  });

  it.each(['imagen-4.0-fast-generate-001', 'models/imagen-3.0-generate-002'])(
    'to %s, which has one size, asks for none',
    (model) => {
      const frozen = Object.freeze({ ...body, parameters: Object.freeze(body.parameters) });
      expect(imagen.rewrite(frozen, { model })).toEqual(asked({ sampleCount: 2 }));
      expect(imagen.rewrite(asked('none'), { model })).toEqual(asked('none'));
    },
  );

  it.each<[string, string | undefined, boolean]>([
    ['imagen-4.0-ultra-generate-001', 'imagen-4.0-fast-generate-001', true],
    ['imagen-4.0-ultra-generate-001', 'models/imagen-3.0-generate-002', true],
    ['imagen-4.0-ultra-generate-preview-06-06', 'imagen-4.0-generate-001', true],
    ['imagen-4.0-generate-001', undefined, true],
    ['imagen-4.0-generate-001', 'gemini-2.5-flash-image', false],
    ['imagen-4.0-generate-001', 'gpt-image-1', false],
    ['imagen-3.0-capability-001', 'imagen-4.0-fast-generate-001', false],
    ['imagen-4.0-upscale-preview', 'imagen-4.0-fast-generate-001', false],
    ['imagen-3.0-capability-002', 'imagen-3.0-capability-001', true],
  ])('of %s to %s is possible: %s', (from, model, expected) => {
    expect(imagen.canRewrite!(body, `${VERTEX}${from}:predict`, model === undefined ? {} : { model })).toBe(expected);
  });
});

it.each(['image-segmentation-001', 'text-embedding-005', 'mine', 'my-imagen'])(
  'a prediction of %s is none of its own',
  (model) => {
    expect(imagen.matches('POST', `${VERTEX}${model}:predict`)).toBe(false);
    expect(geminiEmbeddings.request(asked(), 10, `${VERTEX}${model}:predict`)).toBeUndefined();
  },
);
