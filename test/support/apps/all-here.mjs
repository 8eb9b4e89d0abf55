/** Every name is this machine's, so that an application may call providers by their own. */
import dns from 'node:dns';

const HERE = { address: '127.0.0.1', family: 4 };
dns.lookup = (_name, options, done = options) =>
  process.nextTick(() => (options.all ? done(null, [HERE]) : done(null, HERE.address, HERE.family)));
