/** What a request to a gateway says of the provider that it is meant for. */
import { providerNamed } from '../src/domain/provider.ts';
import { providerOfHost } from './formats/provider.ts';
import type { GatewayName, HeaderOf } from './gateways.ts';

export interface Gate {
  name: GatewayName;
  /** As the host or the path tells. */
  provider?: string;
  /** Models have their provider's name before them: `openai/gpt-4.1`. */
  prefixed?: true;
}

const HELICONE: Readonly<Record<string, Omit<Gate, 'name'>>> = {
  'oai.helicone.ai': { provider: 'openai' },
  'anthropic.helicone.ai': { provider: 'anthropic' },
  'gateway.helicone.ai': {},
  'ai-gateway.helicone.ai': {},
};

/** Undefined for a host that is no gateway's, or a gateway on a host of one's own. */
export function gateOf(host: string, path: string): Gate | undefined {
  switch (host) {
    case 'openrouter.ai':
      // It has a catalogue and bills by it.
      return { name: 'openrouter', provider: 'openrouter' };
    case 'api.portkey.ai':
      return { name: 'portkey' };
    case 'ai-gateway.vercel.sh':
      return { name: 'vercel', prefixed: true };
    case 'gateway.ai.cloudflare.com':
      return cloudflareGate(path);
    default:
      return Object.hasOwn(HELICONE, host) ? { name: 'helicone', ...HELICONE[host] } : undefined;
  }
}

/** https://developers.cloudflare.com/ai-gateway: `/v1/ACCOUNT/GATEWAY/PROVIDER/…`, or `compat` with the provider before the model. */
function cloudflareGate(path: string): Gate {
  const segment = path.split('/')[4] ?? '';
  if (segment === 'compat') return { name: 'cloudflare', prefixed: true };
  const provider = providerNamed(segment);
  return provider === undefined ? { name: 'cloudflare' } : { name: 'cloudflare', provider };
}

/** Portkey names the provider, or its own name for an account at one (`@openai-prod`), which says nothing; Helicone names a URL. */
export function providerByHeaders(gateway: GatewayName | undefined, header: HeaderOf): string | undefined {
  if (gateway === 'portkey') return providerNamed(header('x-portkey-provider') ?? '');
  if (gateway !== 'helicone') return undefined;
  const target = header('helicone-target-url') ?? header('helicone-openai-api-base');
  const url = target ? URL.parse(target) : null;
  return url ? providerOfHost(url.host) : undefined;
}
