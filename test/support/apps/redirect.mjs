/** Before anything else: whatever goes to another host goes to the test's gateway, which is told the host. */
const original = globalThis.fetch;
globalThis.fetch = (input, init) => {
  const url = new URL(input instanceof Request ? input.url : input);
  if (url.hostname === '127.0.0.1') return original(input, init);
  const headers = new Headers(init?.headers);
  headers.set('x-asked-host', url.host);
  return original(`${process.env.GATEWAY}${url.pathname}`, { ...init, headers });
};
