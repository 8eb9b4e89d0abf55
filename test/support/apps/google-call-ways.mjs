export async function oneCall(GoogleGenAI) {
  const { PROVIDER, RETRIES, WAY } = process.env;
  const retryOptions = { attempts: 3, initialDelay: 0.001, maxDelay: 0.001, jitter: 0 };
  const httpOptions = { baseUrl: PROVIDER, ...(RETRIES === 'yes' && { retryOptions }) };
  const { models, interactions } = new GoogleGenAI({ apiKey: 'AIza-secret', httpOptions });
  const ask = { model: 'gemini-2.5-pro', contents: 'hi', config: { maxOutputTokens: 100 } };
  try {
    console.log(
      JSON.stringify({ result: await (WAY === 'interaction' ? interact(interactions) : way(models, ask, WAY)) }),
    );
  } catch (error) {
    const { name, status, message } = error;
    console.log(JSON.stringify({ error: { class: error.constructor.name, name, status, message } }));
  }
}

function interact(interactions) {
  return interactions.create({ model: 'gemini-2.5-pro', input: 'hi', generation_config: { max_output_tokens: 100 } });
}

async function way(models, ask, name) {
  if (name === 'embed') return models.embedContent({ model: 'gemini-embedding-2', contents: 'hi' });
  if (name !== 'stream') return models.generateContent(ask);
  const chunks = [];
  for await (const chunk of await models.generateContentStream(ask)) chunks.push(chunk);
  return chunks;
}
