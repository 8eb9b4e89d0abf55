/** An OTLP/HTTP collector on loopback that keeps what it is sent as JSON. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';

interface Attribute {
  key: string;
  value: { stringValue?: string; intValue?: number | string; doubleValue?: number };
}

interface Point {
  attributes: Attribute[];
  asDouble?: number;
  sum?: number;
  count?: number | string;
}

interface Metric {
  name: string;
  sum?: { dataPoints: Point[] };
  histogram?: { dataPoints: Point[] };
}

interface Export {
  resourceMetrics?: { resource: { attributes: Attribute[] }; scopeMetrics: { metrics: Metric[] }[] }[];
  resourceSpans?: {
    resource: { attributes: Attribute[] };
    scopeSpans: { scope: { name: string }; spans: { name: string; attributes: Attribute[] }[] }[];
  }[];
}

export interface Collector {
  url: string;
  paths: string[];
  spans(): { name: string; scope: string; service: unknown; attributes: Record<string, unknown> }[];
  /** The points of the last export. */
  points(name: string): { attributes: Record<string, unknown>; sum: number; count: number }[];
  stop(): Promise<void>;
}

export async function startCollector(): Promise<Collector> {
  const exports: Export[] = [];
  const paths: string[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const text = request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body;
    paths.push(request.url ?? '');
    exports.push(JSON.parse(text.toString('utf8')) as Export);
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    paths,
    spans: () => exports.flatMap(spansOf),
    points: (name) =>
      exports
        .filter((one) => one.resourceMetrics)
        .slice(-1)
        .flatMap((one) => pointsOf(one, name)),
    stop: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

function plain(attributes: readonly Attribute[]): Record<string, unknown> {
  const entries = attributes.map(({ key, value }) => [key, value.stringValue ?? value.intValue ?? value.doubleValue]);
  return Object.fromEntries(entries);
}

function spansOf({ resourceSpans = [] }: Export) {
  return resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ scope, spans }) =>
      spans.map(({ name, attributes }) => ({
        ...{ name, scope: scope.name, attributes: plain(attributes) },
        service: plain(resource.attributes)['service.name'],
      })),
    ),
  );
}

function pointsOf({ resourceMetrics = [] }: Export, name: string) {
  const metrics = resourceMetrics.flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((scope) => scope.metrics));
  return metrics
    .filter((metric) => metric.name === name)
    .flatMap((metric) => (metric.sum ?? metric.histogram)!.dataPoints)
    .map((point) => ({
      attributes: plain(point.attributes),
      sum: point.asDouble ?? point.sum ?? 0,
      count: Number(point.count ?? 0),
    }));
}
