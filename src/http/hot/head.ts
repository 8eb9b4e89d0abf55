/**
 * The head of a request of the usual shape, read without node's parser. Only what is beyond doubt is read here; of everything
 * else node is the judge, as if it had read the connection from its first byte.
 */
export interface Head {
  method: 'POST';
  url: string;
  /** Bytes of the body. */
  length: number;
  headers: HotHeaders;
}

/** Those that this server reads, by their names in lower case. */
export type HotHeaders = {
  host: string;
  authorization?: string;
  origin?: string;
  'content-type'?: string;
  'content-encoding'?: string;
  'content-length'?: string;
  'x-request-id'?: string;
};

const REQUEST_LINE = /^POST (\/[!-~]*) HTTP\/1\.1\r\n/;
/** No bytes above ASCII, no folded lines, no spaces around a name. */
const FIELDS = /^(?:[\w!#$%&'*+\-.^`|~]+:[\t -~]*\r\n)+$/;
/** What changes how a request is to be read, or what becomes of its connection. */
const FOR_NODE: ReadonlySet<string> = new Set([
  'transfer-encoding',
  'expect',
  'upgrade',
  'trailer',
  'te',
  'proxy-connection',
  'http2-settings',
]);
const READ: ReadonlySet<string> = new Set([
  'host',
  'authorization',
  'origin',
  'content-type',
  'content-encoding',
  'content-length',
  'x-request-id',
]);

/** `text`: request line and fields, each with its line end. `undefined`: for node to read. */
export function readHead(text: string): Head | undefined {
  const line = REQUEST_LINE.exec(text);
  if (!line) return undefined;
  const fields = text.slice(line[0].length);
  if (!FIELDS.test(fields)) return undefined;
  const headers = readFields(fields);
  const length = headers && bodyLength(headers['content-length']);
  if (length === undefined) return undefined;
  return { method: 'POST', url: line[1] as string, length, headers: headers as HotHeaders };
}

/** `undefined` without a host, with any of them twice, and with anything that changes the meaning of the rest. */
function readFields(fields: string): HotHeaders | undefined {
  const headers: Record<string, string> = {};
  for (let start = 0; start < fields.length; ) {
    const end = fields.indexOf('\r\n', start);
    const colon = fields.indexOf(':', start);
    const name = fields.slice(start, colon).toLowerCase();
    if (READ.has(name)) {
      if (headers[name] !== undefined) return undefined;
      headers[name] = fields.slice(colon + 1, end).trim();
    } else if (FOR_NODE.has(name)) return undefined;
    else if (name === 'connection' && !/^[\t ]*keep-alive[\t ]*$/i.test(fields.slice(colon + 1, end))) return undefined;
    start = end + 2;
  }
  return headers.host === undefined ? undefined : (headers as HotHeaders);
}

function bodyLength(header: string | undefined): number | undefined {
  if (header === undefined) return 0;
  return /^\d{1,8}$/.test(header) ? Number(header) : undefined;
}
