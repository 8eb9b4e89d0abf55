/** Bedrock's client is required before we are. */
const { BedrockRuntimeClient, ConverseCommand } = require('@aws-sdk/client-bedrock-runtime');
require(process.env.FIRST);

const client = new BedrockRuntimeClient({
  region: 'us-east-1',
  endpoint: process.env.PROVIDER,
  credentials: { accessKeyId: 'AKIA', secretAccessKey: 'secret' },
});
const messages = [{ role: 'user', content: [{ text: 'hi' }] }];
client.send(new ConverseCommand({ modelId: 'amazon.nova-lite-v1:0', messages }), (error, result) => {
  console.log(JSON.stringify(error ? { error: { class: error.constructor.name } } : { result }));
});
