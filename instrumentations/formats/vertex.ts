/** Where Vertex AI runs a model of a partner's: regions and continents cost more than the global endpoint. */

/** `UsageBound.inferenceGeo` of any place that is not global: the price knows no more than these two. */
export const REGIONAL = 'regional';

const HOST = /^(?:([a-z0-9-]+)-aiplatform|aiplatform\.([a-z]+)\.rep)\.googleapis\.com$/;

export function vertexGeo(location: string | undefined): string | undefined {
  return location === undefined || location === 'global' ? undefined : REGIONAL;
}

/** Undefined too for hosts that are not Vertex AI's. */
export function vertexGeoOfHost(host: string | undefined): string | undefined {
  const match = host === undefined ? null : HOST.exec(host);
  return vertexGeo(match?.[1] ?? match?.[2]);
}
