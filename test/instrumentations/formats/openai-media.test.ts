/** OpenAI's formats beyond chats: bounds, rewrites, answers that are sounds or plain text, and garbage. */
import { describe, expect, it } from 'vitest';
import type { Format, RequestFacts, Rewrite } from '../../../instrumentations/formats/format.ts';
import { deploymentRenamed } from '../../../instrumentations/formats/openai.ts';
import { openaiCompletions } from '../../../instrumentations/formats/openai-completions.ts';
import { openaiImages } from '../../../instrumentations/formats/openai-images.ts';
import { openaiSpeech } from '../../../instrumentations/formats/openai-speech.ts';
import { openaiTranscriptions } from '../../../instrumentations/formats/openai-transcriptions.ts';
import { MAX_USAGE_COUNT } from '../../../src/domain/usage.ts';
import { boundProblem } from '../../../src/pricing/usage-problem.ts';
import { bytes } from './recording.ts';

const file = (size: number, kind: string) => ({ file: true, bytes: size, kind });
const INSTRUCT = 'gpt-3.5-turbo-instruct';
const factsOf = (format: Format, body: object, path?: string) => format.request(body, bytes(body), path)!;

describe('the bound of', () => {
  it.each<[string, Format, object, Partial<RequestFacts['bound']>]>([
    ['a text without a limit', openaiCompletions, { model: INSTRUCT, prompt: 'a' }, { outputTokens: 16 }],
    [
      'several texts',
      openaiCompletions,
      { model: INSTRUCT, prompt: ['a', 'b'], n: 2 },
      { outputTokens: 64, choices: 4 },
    ],
    [
      'lists of token ids',
      openaiCompletions,
      { model: 'x', prompt: [[1, 2], [3]], max_tokens: 5 },
      { outputTokens: 10 },
    ],
    ['a fine-tuned one', openaiCompletions, { model: 'ft:davinci-002:acme::9x', prompt: 'a' }, { outputTokens: 16 }],
    [
      'more texts than anybody has',
      openaiCompletions,
      { model: 'x', prompt: Array(2000).fill('a') },
      { choices: 1024 },
    ],
    ['a picture of any quality', openaiImages, { model: 'gpt-image-1', prompt: 'a' }, { outputTokens: 6240 }],
    ['a picture of any size', openaiImages, { model: 'gpt-image-2', prompt: 'a' }, { outputImages: 1 }],
    ['pictures on a deployment', openaiImages, { prompt: 'a', n: 3 }, { outputImages: 3, choices: 3 }],
    ['a form that is not seen', openaiImages, { unseen_form: true, model: 'dall-e-2' }, { outputImages: 10 }],
    ['speech by the character', openaiSpeech, { model: 'tts', input: 'abc' }, { inputCharacters: 3 }],
    [
      'a wave file',
      openaiTranscriptions,
      { model: 'whisper-1', file: file(32_000, 'audio/wav wav') },
      { inputAudioSeconds: 20 },
    ],
    ['an unknown file', openaiTranscriptions, { model: 'whisper-1', file: file(500, '') }, { inputAudioSeconds: 1 }],
    [
      'a recording as long as is taken',
      openaiTranscriptions,
      { model: 'gpt-4o-transcribe', file: file(1e7, 'mp3') },
      { inputTokens: 15_256 },
    ],
    ['a recording without a model', openaiTranscriptions, { file: file(1000, 'mp3') }, { inputTokens: 266 }],
  ])('%s', (_, format, body, bound) => {
    const facts = factsOf(format, body, '/v1/x');
    expect(facts.bound).toMatchObject(bound);
    expect(boundProblem(facts.bound)).toBeUndefined();
  });

  it('a picture that goes in is what it may cost, not its bytes', () => {
    const body = {
      model: 'gpt-image-1',
      prompt: 'a',
      image: [file(9e6, 'png'), file(9e6, 'png')],
      mask: file(9e6, 'png'),
    };
    expect(openaiImages.request(body, 27e6 + 12)?.bound.inputTokens).toBe(12 + 3 * 12_500 + 256);
  });
});

describe('a rewrite of', () => {
  it.each<[string, Format, object, Rewrite, object]>([
    [
      'a text lowers its limit',
      openaiCompletions,
      { model: 'x', max_tokens: 90 },
      { maxOutputTokens: 20 },
      { model: 'x', max_tokens: 20 },
    ],
    [
      'a text never raises it',
      openaiCompletions,
      { model: 'x', max_tokens: 9 },
      { maxOutputTokens: 20 },
      { model: 'x', max_tokens: 9 },
    ],
    ['a text sets one', openaiCompletions, { model: 'x' }, { maxOutputTokens: 20 }, { model: 'x', max_tokens: 20 }],
    [
      'a text leaves what stops sooner',
      openaiCompletions,
      { model: INSTRUCT },
      { maxOutputTokens: 20 },
      { model: INSTRUCT },
    ],
    [
      'a text stops it still sooner',
      openaiCompletions,
      { model: INSTRUCT },
      { maxOutputTokens: 5 },
      { model: INSTRUCT, max_tokens: 5 },
    ],
    [
      'a text on another model',
      openaiCompletions,
      { model: INSTRUCT },
      { model: 'y', maxOutputTokens: 20 },
      { model: 'y', max_tokens: 20 },
    ],
    [
      'a picture names the model',
      openaiImages,
      { model: 'a', n: 2 },
      { model: 'b', maxOutputTokens: 5 },
      { model: 'b', n: 2 },
    ],
    ['speech names the model', openaiSpeech, { model: 'tts-1-hd' }, { model: 'tts-1' }, { model: 'tts-1' }],
  ])('%s', (_, format, body, rewrite, expected) => {
    expect(format.rewrite(Object.freeze(body), rewrite)).toEqual(expected);
  });

  it.each([
    [{ model: 'whisper-1' }, true],
    [{ unseen_form: true, model: 'whisper-1' }, false],
  ])('the form %j is possible: %s', (body, expected) => {
    for (const format of [openaiImages, openaiTranscriptions])
      expect(format.canRewrite?.(body, '/v1/x', { model: 'b' })).toBe(expected);
  });

  it.each([
    ['/openai/deployments/ours/images/edits', 'b/ü', '/openai/deployments/b%2F%C3%BC/images/edits'],
    ['/v1/images/edits', 'b', '/v1/images/edits'],
    ['/openai/deployments/ours/images/edits', undefined, '/openai/deployments/ours/images/edits'],
    ['/openai/deployments/ours/images/edits', '$&', '/openai/deployments/%24%26/images/edits'],
  ])('the path %s to %s is %s', (path, model, expected) => {
    expect(deploymentRenamed(path, model === undefined ? {} : { model })).toBe(expected);
  });
});

describe('an answer that is neither JSON nor events', () => {
  it.each<[string, Format, object, number, object]>([
    [
      'speech by the character is what was asked for',
      openaiSpeech,
      { model: 'tts-1', input: 'abc' },
      9e6,
      { usage: { inputTokens: 0, outputTokens: 0, inputCharacters: 3 } },
    ],
    [
      'speech by the token is reckoned from the text',
      openaiSpeech,
      { model: 'gpt-4o-mini-tts', input: 'abc' },
      9e6,
      { estimate: { inputTokens: 1, outputTokens: 5, outputAudioTokens: 5 } },
    ],
    [
      'a transcript by the second from the recording',
      openaiTranscriptions,
      { model: 'whisper-1', file: file(80_000, 'mp3') },
      90,
      { estimate: { inputTokens: 0, outputTokens: 0, inputAudioSeconds: 10 } },
    ],
    [
      'a transcript by the token from both',
      openaiTranscriptions,
      { model: 'gpt-4o-transcribe', file: file(80_000, 'mp3') },
      90,
      { estimate: { inputTokens: 100, inputAudioTokens: 100, outputTokens: 30 } },
    ],
  ])('%s', (_, format, body, size, expected) => {
    expect(format.opaque!(size, factsOf(format, body))).toEqual(expected);
  });
});

describe('usage that is garbage', () => {
  const images = (usage: unknown) => ({ data: [{}], usage });
  const heard = (usage: unknown) => ({ text: 'abc', usage });
  it.each<[Format, object, object, string]>([
    [
      openaiCompletions,
      { model: 'x', prompt: 'a' },
      { choices: [{ text: 'abc' }], usage: { prompt_tokens: -1, completion_tokens: 1 } },
      'usage.prompt_tokens is -1',
    ],
    [
      openaiCompletions,
      { model: 'x', prompt: 'a' },
      { choices: [{ text: 'abc' }], usage: { prompt_tokens: 1, completion_tokens: 0 } },
      'usage counts no output tokens, but 3 bytes were received',
    ],
    [
      openaiImages,
      { model: 'gpt-image-1', prompt: 'a' },
      images({ input_tokens: 1, output_tokens: 'x' }),
      'usage.output_tokens is no number (string)',
    ],
    [
      openaiImages,
      { model: 'gpt-image-1', prompt: 'a' },
      images({ input_tokens: 1, output_tokens: 1, input_tokens_details: { image_tokens: 2 } }),
      'usage has more input image tokens (2) than input tokens (1)',
    ],
    [openaiImages, { model: 'gpt-image-1', prompt: 'a' }, images([]), 'usage is no object'],
    [
      openaiSpeech,
      { model: 'gpt-4o-mini-tts', input: 'a' },
      { usage: { input_tokens: MAX_USAGE_COUNT + 1, output_tokens: 1 } },
      `usage.input_tokens is ${MAX_USAGE_COUNT + 1}`,
    ],
    [
      openaiTranscriptions,
      { model: 'gpt-4o-transcribe' },
      heard({ input_tokens: 1 }),
      'usage.output_tokens is missing',
    ],
    [openaiTranscriptions, { model: 'whisper-1' }, heard({ type: 'duration' }), 'usage.seconds is missing'],
    [
      openaiTranscriptions,
      { model: 'whisper-1' },
      heard({ type: 'duration', seconds: Number.NaN }),
      'usage.seconds is NaN',
    ],
    [openaiTranscriptions, { model: 'whisper-1' }, { text: 'abc', duration: 1e9 }, 'duration is 1000000000'],
  ])('of $id: %j, %j', (format, body, answer, invalid) => {
    const facts = format.response(answer, factsOf(format, body));
    expect(facts).toMatchObject({ invalid });
    expect(facts.usage).toBeUndefined();
    expect(facts.estimate).toBeDefined();
  });
});
