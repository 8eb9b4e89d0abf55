/** One call of the SDK that `PACKAGE` names, after which it prints what came of it; a bundle has the package in it. */
import { load } from './load.mjs';

const url = process.env.PROVIDER;
const messages = [{ role: 'user', content: 'hi' }];
const body = { model: 'some-model', messages };
const options = { apiKey: 'k', maxRetries: 2 };
const ways = {
  'groq-sdk': ({ Groq }) => new Groq({ ...options, baseURL: url }).chat.completions.create(body),
  'together-ai': ({ Together }) => new Together({ ...options, baseURL: `${url}/v1` }).chat.completions.create(body),
  '@mistralai/mistralai': ({ Mistral }) => new Mistral({ apiKey: 'k', serverURL: url }).chat.complete(body),
  'cohere-ai': ({ CohereClientV2 }) => new CohereClientV2({ token: 'k', environment: url }).chat(body),
  ollama: ({ Ollama }) => new Ollama({ host: url }).chat(body),
};

try {
  const result = await ways[process.env.PACKAGE](await load());
  console.log(JSON.stringify({ json: { result } }));
} catch (error) {
  console.log(JSON.stringify({ json: { error: { ...error, class: error.constructor.name, message: error.message } } }));
}
