/** The demo's stand-in provider, as a service of docker-compose.yml. */
import { startProvider } from '../demo/provider.ts';

const accounts = ['support', 'nightly-eval', 'research-agent'].map((name) => ({
  name,
  key: `stand-in-${name}`,
  latencyMs: 1_000,
}));
const provider = await startProvider(accounts, { host: '0.0.0.0', port: 8080 });
console.log(`listening on ${provider.url}`);
process.once('SIGTERM', () => void provider.stop());
