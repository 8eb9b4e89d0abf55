import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { shapeOf } from '../../../instrumentations/formats/path-shape.ts';

describe('shapeOf', () => {
  it.each([
    ['/v1/videos', '/v1/videos'],
    ['/v1/videos/', '/v1/videos'],
    ['/v1/videos/video_68d/remix', '/v1/videos/*/remix'],
    ['/v1/threads/thread_abc/runs', '/v1/threads/*/runs'],
    ['/v1/threads/acme/runs/erika/submit_tool_outputs', '/v1/threads/*/runs/*/submit_tool_outputs'],
    ['/v1/what-comes-next/acme', '/v1/what-comes-next/*'],
    ['/openai/deployments/acme-secret/videos', '/openai/deployments/*/videos'],
    ['/api/projects/acme/threads/runs', '/api/projects/*/threads/runs'],
    ['/v1/models/ft:gpt-4.1:acme:erika', '/v1/models/*'],
    ['/guardrail/acme/version/1/apply', '/guardrail/*/version/*/apply'],
    ['/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A1234%3Aprompt%2Facme/invoke', '/model/*/invoke'],
    ['/client/v4/accounts/0123abc/ai/run/@cf/acme/llama', '/client/v4/accounts/*/ai/run/*/*/*'],
    ['/search', '/search'],
    ['/', '/'],
    [`/v1/a${'/b'.repeat(40)}`, `/v1/a${'/*'.repeat(10)}/…`],
  ])('%s is %s', (path, shape) => {
    expect(shapeOf(path)).toBe(shape);
  });

  it.each([
    ['/v1beta/models/veo-3.0-generate-001:predictLongRunning', '/v1beta/models/*:predictLongRunning'],
    ['/v1/projects/acme/locations/eu/endpoints/12:rawPredict', '/v1/projects/*/locations/eu/endpoints/*:rawPredict'],
    ['/upload/v1beta/fileSearchStores/acme:importFile', '/upload/v1beta/fileSearchStores/*:importFile'],
    [
      '/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent',
      '/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent',
    ],
  ])('%s with verbs is %s', (path, shape) => {
    expect(shapeOf(path, { verbs: true })).toBe(shape);
  });

  it('tells nothing of a beginning that the owner of the host has chosen', () => {
    expect(shapeOf('/acme/openai/deployments/erika/videos', { ownBeginning: true })).toBe(
      '/*/openai/deployments/*/videos',
    );
  });

  it('says nothing of an id, whatever is in it', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[A-Za-z0-9_.:%-]{1,30}$/), (id) => {
        expect(shapeOf(`/v1/things/id-${id}/runs`)).toBe('/v1/things/*/runs');
      }),
    );
  });
});
