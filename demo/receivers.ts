/** Stands in for the people who are paged: whatever Alertmanager sends to a receiver arrives here. */
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface PagedAlert {
  name: string;
  budget?: string;
  summary: string;
}

export interface Page {
  receiver: string;
  alerts: readonly PagedAlert[];
}

export interface Receivers {
  url: string;
  stop(): Promise<void>;
}

/** What Alertmanager posts to a webhook. */
interface Webhook {
  receiver: string;
  alerts: { status: string; labels: Record<string, string>; annotations: Record<string, string> }[];
}

/** Listens on a free port of loopback unless told. */
export async function startReceivers(
  onPage: (page: Page) => void,
  { host = '127.0.0.1', port = 0 }: { host?: string; port?: number } = {},
): Promise<Receivers> {
  const server = createServer((request, response) => {
    read(request).then(
      (webhook) => {
        response.end();
        const firing = webhook.alerts.filter(({ status }) => status === 'firing');
        if (firing.length > 0) onPage({ receiver: webhook.receiver, alerts: firing.map(summaryOf) });
      },
      () => response.writeHead(400).end(),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, host, resolve);
  });
  return {
    url: `http://${host}:${(server.address() as AddressInfo).port}`,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function read(request: IncomingMessage): Promise<Webhook> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return JSON.parse(Buffer.concat(parts).toString('utf8')) as Webhook;
}

function summaryOf({ labels, annotations }: Webhook['alerts'][number]): PagedAlert {
  const { alertname: name = '', budget } = labels;
  return { name, summary: annotations.summary ?? name, ...(budget !== undefined && { budget }) };
}
