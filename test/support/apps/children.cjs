/** As children.mjs. `FIRST` is required before the SDK. */
if (process.env.FIRST) require(process.env.FIRST);
const OpenAI = require('openai');
const { run } = require('./children-run.mjs');

run(OpenAI, __filename);
