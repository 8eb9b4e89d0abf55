/** Server-sent events (and JSON lines) as the JSON values they carry. */

/** Takes a whole text or pieces of it that end between events; what is no JSON, such as `[DONE]`, is left out. */
export function eventsOf(text: string): unknown[] {
  const events: unknown[] = [];
  let data = '';
  for (const line of text.split(/\r\n|\n|\r/)) {
    if (line.startsWith('data:')) data += (data && '\n') + line.slice(line.charAt(5) === ' ' ? 6 : 5);
    else if (line === '' && data !== '') {
      addEvent(events, data);
      data = '';
    } else if (line.startsWith('{')) addEvent(events, line);
  }
  if (data !== '') addEvent(events, data); // A stream may be cut after its last event's line.
  return events;
}

function addEvent(events: unknown[], data: string): void {
  const value = parseEvent(data);
  if (value !== undefined) events.push(value);
}

export function parseEvent(data: string): unknown {
  try {
    return JSON.parse(data);
  } catch {
    return undefined;
  }
}

const LF = 10;
const CR = 13;

/** Index just after the last complete event (a blank line), or 0. */
export function lastEventEnd(bytes: Uint8Array): number {
  for (let at = bytes.length - 1; at > 0; at--) {
    if (bytes[at] !== LF && bytes[at] !== CR) continue;
    const before = bytes[at - 1];
    if (before === bytes[at]) return at + 1;
    if (bytes[at] === LF && before === CR && bytes[at - 2] === LF && bytes[at - 3] === CR) return at + 1;
  }
  return 0;
}
