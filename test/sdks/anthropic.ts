import { BROKEN, CUT, deniedInCore, LOST, maxTokens, OK, REJECTED, type Sdk } from './sdk.ts';

export const anthropic: Sdk = {
  name: '@anthropic-ai/sdk',
  app: 'anthropic',
  providers: ['anthropic'],
  packages: [
    { name: '@anthropic-ai/sdk', loads: ['import', 'require', 'bundle'] },
    { name: 'anthropic-0', loads: ['import', 'require', 'bundle'] },
  ],
  acting: { case: 'messages json', denied: deniedInCore, model: 'claude-3-5-haiku', limit: maxTokens },
  retriesAreOneCall: true,
  cases: {
    'messages json': [OK],
    'messages json withResponse': [OK],
    'messages json asResponse': [OK],
    'messages json unread': [LOST],
    'messages beta json': [OK],
    'messages stream': [OK],
    'messages stream asResponse, body': [OK],
    'messages stream tee': [OK],
    'messages stream toReadableStream': [OK],
    'messages stream helper': [OK],
    'messages stream break': [BROKEN],
    'messages stream helper abort': [BROKEN],
    'messages aborted before': [],
    'messages 400': [REJECTED],
    'messages 429 then ok': [REJECTED, OK],
    'messages stream 500 then ok': [REJECTED, OK],
    'messages stream cut': [CUT],
    'messages timeout': [LOST],
    'messages middleware': [OK],
  },
};
