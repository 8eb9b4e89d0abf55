/** Whom Alertmanager pages, as a service of docker-compose.yml: a line for each alert. */
import { startReceivers } from '../demo/receivers.ts';

const receivers = await startReceivers(
  ({ receiver, alerts }) => {
    for (const { name, summary } of alerts)
      console.log(`${new Date().toISOString()}  ${receiver}  ${name}: ${summary}`);
  },
  { host: '0.0.0.0', port: 8080 },
);
console.log(`listening on ${receivers.url}`);
process.once('SIGTERM', () => void receivers.stop());
