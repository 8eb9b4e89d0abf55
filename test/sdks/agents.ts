import { BROKEN, CUT, deniedInCore, OK, REJECTED, type Sdk } from './sdk.ts';

export const agents: Sdk = {
  name: '@openai/agents',
  app: 'agents',
  providers: ['openai'],
  packages: [
    { name: '@openai/agents', others: { openai: 'openai' }, loads: ['import', 'require', 'bundle'] },
    { name: 'openai-agents-0.19', others: { openai: 'openai' }, loads: ['import', 'require', 'bundle'] },
  ],
  acting: {
    case: 'run',
    denied: deniedInCore,
    model: 'gpt-4.1-mini',
    limit: ({ max_output_tokens }) => max_output_tokens,
  },
  retriesAreOneCall: true,
  cases: {
    run: [OK],
    'run twice in parallel': [OK, OK],
    'run with a tool': [OK, OK],
    'run with a handoff': [OK, OK],
    'streamed run': [OK],
    'streamed run left': [BROKEN],
    'streamed run aborted': [BROKEN],
    'chat run': [OK],
    'chat run with a tool': [OK, OK],
    'chat run with a handoff': [OK, OK],
    'chat streamed run': [OK],
    'chat streamed run with a tool': [OK, OK],
    '400': [REJECTED],
    '429 then ok': [REJECTED, OK],
    'streamed run cut': [CUT],
    'more turns than allowed': [OK],
  },
};
