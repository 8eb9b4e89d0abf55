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

/** The whole elements of a JSON array that was cut off: Google streams one where no events are asked for. */
export function elementsOf(text: string): unknown[] {
  const elements: unknown[] = [];
  let depth = 0;
  let start = 0;
  // No expression: strings of megabytes, as pictures are, overflow its stack.
  for (let at = 0; at < text.length; at++) {
    const mark = text.charAt(at);
    if (mark === '"') at = endOfString(text, at);
    else if (mark === '[' || mark === '{') {
      depth += 1;
      if (depth === 2) start = at;
    } else if (mark === ']' || mark === '}') {
      if (depth === 2) addEvent(elements, text.slice(start, at + 1));
      depth -= 1;
    }
  }
  return elements;
}

/** Where the string ends whose quotation mark is at `from`. */
function endOfString(text: string, from: number): number {
  let end = text.indexOf('"', from + 1);
  while (end >= 0 && isEscaped(text, end)) end = text.indexOf('"', end + 1);
  return end < 0 ? text.length : end;
}

function isEscaped(text: string, at: number): boolean {
  let before = at;
  while (text.charAt(before - 1) === '\\') before -= 1;
  return (at - before) % 2 === 1;
}

const LF = 10;
const CR = 13;
/** Begins a line of JSON, and no line of server-sent events. */
const OPENING_BRACE = 123;

/** Index just after the last complete event (a blank line, or the end of a line of JSON), or 0. */
export function lastEventEnd(bytes: Uint8Array): number {
  if (bytes[0] === OPENING_BRACE) return bytes.lastIndexOf(LF) + 1;
  for (let at = bytes.length - 1; at > 0; at--) {
    if (bytes[at] !== LF && bytes[at] !== CR) continue;
    const before = bytes[at - 1];
    if (before === bytes[at]) return at + 1;
    if (bytes[at] === LF && before === CR && bytes[at - 2] === LF && bytes[at - 3] === CR) return at + 1;
  }
  return 0;
}
