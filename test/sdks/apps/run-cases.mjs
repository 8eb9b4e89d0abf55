/**
 * Runs a table of cases in this process and prints, as its last line, what an application sees of each: a JSON object of
 * case name → result or error. Each case is labelled with its name as workflow, so that settlements can be told apart.
 */
import { flush, withAttribution } from '../../../src/index.ts';

/** Decisions about the case that `ACT` names, which the server knows by these workflows. */
const ACTS = ['denied', 'denied for now', 'downgraded'];

export async function runCases(cases) {
  const only = process.env.CASES?.split('|');
  const seen = {};
  for (const [name, run] of Object.entries(cases)) {
    if (only && !only.includes(name)) continue;
    process.stdout.write(`${name} …\n`);
    seen[name] = await withAttribution({ workflow: name }, () => observe(run));
  }
  const { ACT } = process.env;
  for (const act of ACT ? ACTS : []) seen[act] = await withAttribution({ workflow: act }, () => observe(cases[ACT]));
  await flush();
  process.stdout.write(`\n${JSON.stringify(seen)}\n`);
  // The connections of streams that an SDK let go of would keep the process.
  process.exit();
}

async function observe(run) {
  try {
    return { result: plain(await run()) };
  } catch (error) {
    const { name, status, code, type, message } = error;
    return { error: { class: error.constructor.name, name, status, code, type, message } };
  }
}

/** As JSON; `usage: null` in chunks is what asking for usage adds, and the SDKs' types allow. */
function plain(value) {
  return JSON.parse(
    JSON.stringify(value ?? null, (key, member) => (key === 'usage' && member === null ? undefined : member)),
  );
}

export async function collect(stream) {
  const events = [];
  for await (const event of stream) events.push(event);
  return events;
}

export async function lines(readable) {
  let text = '';
  const decoder = new TextDecoder();
  for await (const chunk of readable) text += decoder.decode(chunk, { stream: true });
  return text.replaceAll('"usage":null', '').replaceAll(',}', '}');
}

/** Lets the garbage collector find what nobody holds any more. */
export async function collectGarbage(done = () => false) {
  for (let round = 0; round < 20 && !done(); round++) {
    globalThis.gc?.();
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
