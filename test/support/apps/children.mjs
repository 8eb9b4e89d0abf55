import OpenAI from 'openai';
import { run } from './children-run.mjs';

await run(OpenAI, process.argv[1]);
