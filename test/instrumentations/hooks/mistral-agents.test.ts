/** A model that is not in the request cannot be changed in it: the budget that wants another one denies, the one that wants less is obeyed. */
import { expect, test } from 'vitest';
import { app, downgrade, IMPORT, useStage } from '../../support/stage.ts';

const stage = useStage();
const run = async () => (await stage.run([...IMPORT, app('mistral-agents.mjs')])).json;
const settled = () =>
  stage.stub.settlements.map(({ end, model, served_model }) => [end, model, served_model].filter(Boolean).join(' '));

test('without a word of the budget each is settled by the model that its answer names', async () => {
  expect(new Set(Object.values((await run()) as object))).toEqual(new Set(['answered']));
  expect(settled()).toEqual([
    'settled ag_1 mistral-medium-latest',
    'settled ag_1 mistral-medium-latest',
    'settled unknown mistral-medium-latest',
    'settled mistral-large-latest mistral-large-latest',
  ]);
});

test('another model denies all but the call that names its own, and nothing of theirs is sent or kept', async () => {
  stage.stub.decide = downgrade({ model: 'mistral-small-latest' });
  expect(await run()).toEqual({
    agent: '402 downgrade',
    'conversation with an agent': '402 downgrade',
    'conversation that goes on': '402 downgrade',
    'conversation with a model': 'answered',
  });
  expect(stage.provider.seen.map(({ body }) => body.model)).toEqual(['mistral-small-latest']);
  expect(settled()).toEqual([
    'released ag_1',
    'released ag_1',
    'released unknown',
    'settled mistral-small-latest mistral-small-latest',
  ]);
});

test('less output is written where each has it', async () => {
  stage.stub.decide = downgrade({ max_output_tokens: 20 });
  expect(new Set(Object.values((await run()) as object))).toEqual(new Set(['answered']));
  const args = { max_tokens: 20 };
  expect(stage.provider.seen.map(({ body }) => body.completion_args ?? { max_tokens: body.max_tokens })).toEqual([
    args,
    args,
    args,
    args,
  ]);
});
