/** Batches: started where the budget has room, and settled once each when they are read back, for whoever started them. */
import { expect, test } from 'vitest';
import { app, downgrade, IMPORT, useStage } from '../../support/stage.ts';
import { deny } from '../../support/stub-server.ts';

const stage = useStage();

async function run(env: Record<string, string> = {}) {
  const ran = await stage.run([...IMPORT, app('batches.mjs')], env);
  expect(ran.stderr).toBe('');
  return ran.json;
}

function settled() {
  return stage.stub.settlements
    .filter(({ end }) => end === 'settled')
    .map(({ response_id, model, provider, usage, attribution }) => [
      response_id,
      model,
      provider,
      usage,
      attribution.customer,
    ]);
}

const usage = { input_tokens: 40, output_tokens: 12, batch: true };
const listed = ['batch_first', 'batch_last'].map((id) => [id, 'gpt-4.1-mini', 'openai', usage, undefined]);

test.each<Record<string, string>>([{}, { OWN: 'yes' }])(
  'a batch is settled when it is read back, once, for whoever started it: %j',
  async (env) => {
    expect(await run(env)).toEqual({ result: 'completed' });
    expect(settled()).toEqual([['batch_one', 'gpt-4.1-mini', 'openai', usage, 'acme'], ...listed]);
    expect(stage.stub.reservations).toHaveLength(1);
    expect(stage.stub.settlements.filter(({ end }) => end === 'released')).toHaveLength(1);
  },
);

test('one that another process started is settled for whoever reads it back, without a hold, as the same attempt', async () => {
  await run();
  const [first] = stage.stub.settlements.filter(({ response_id }) => response_id === 'batch_one');
  await run({ READ_ONLY: 'yes' });
  const again = stage.stub.settlements.filter(({ attempt_id }) => attempt_id === first?.attempt_id);
  expect(again).toHaveLength(1); // The server takes what it has for a duplicate.
  expect(stage.stub.reservations).toHaveLength(1);
});

test('a budget that is used up starts none', async () => {
  stage.stub.decide = deny;
  expect(await run()).toEqual({ error: { name: 'BudgetExceededError', status: 402 } });
  expect(stage.provider.seen).toEqual([]);
});

test('one that allows only something cheaper starts none: the models are in a file', async () => {
  stage.stub.decide = downgrade({ max_output_tokens: 20 });
  expect(await run()).toEqual({ error: { name: 'BudgetExceededError', status: 402 } });
  expect(stage.provider.seen).toEqual([]);
});
