import { type Label, type Metric, quote } from './promql.ts';

/**
 * Text of an alert: literals, labels of the alert, and USD amounts looked up when it fires. It is written twice: as
 * Prometheus' template, and as the text that template must come to in a promtool test.
 */
export type Part = string | { label: Label } | { usd: Metric; by: readonly Label[] } | { value: 'count' | 'usd' };
export type Message = readonly Part[];

/** What a firing alert has at hand in a test. */
export interface Sample {
  labels: Readonly<Partial<Record<Label, string>>>;
  usd: Readonly<Partial<Record<Metric, number>>>;
}

export function message(literals: TemplateStringsArray, ...parts: (Part | Message)[]): Message {
  return literals.flatMap((literal, index) => {
    const part = parts[index];
    const rest = part === undefined ? [] : isMessage(part) ? part : [part];
    return [literal, ...rest].filter((each) => each !== '');
  });
}

function isMessage(part: Part | Message): part is Message {
  return Array.isArray(part);
}

export function label(name: Label): Part {
  return { label: name };
}

/** The value of the alert's expression. */
export const COUNT: Part = { value: 'count' };
export const AMOUNT_USD: Part = { value: 'usd' };

/** The amount of a budget gauge for the alert's own instance. Where it is missing the text says `?`. */
export function usd(metric: Metric, by: readonly Label[]): Part {
  return { usd: metric, by };
}

export function toTemplate(parts: Message): string {
  return parts.map(partTemplate).join('');
}

function partTemplate(part: Part): string {
  if (typeof part === 'string') return part.replaceAll('{{', '{{"{{"}}');
  if ('label' in part) return `{{ $labels.${part.label} }}`;
  if ('value' in part) return part.value === 'usd' ? `\${{ $value | printf "%.2f" }}` : '{{ $value | printf "%.0f" }}';
  return usdTemplate(part.usd, part.by);
}

/** `%q` quotes label values as PromQL reads them. */
function usdTemplate(metric: Metric, by: readonly Label[]): string {
  const format = `max(${metric}{${by.map((name) => `${name}=%q`).join(',')}})`;
  const labels = by.map((name) => ` $labels.${name}`).join('');
  const query = `printf ${quote(format)}${labels} | query`;
  return `{{ with ${query} }}\${{ . | first | value | printf "%.2f" }}{{ else }}?{{ end }}`;
}

/** What the template comes to. Errors: throws for a part that the sample does not know, so that no test is vacuous. */
export function toText(parts: Message, sample: Sample): string {
  return parts.map((part) => partText(part, sample)).join('');
}

function partText(part: Part, sample: Sample): string {
  if (typeof part === 'string') return part;
  if ('label' in part) return known(sample.labels[part.label], part.label);
  if ('usd' in part) return `$${known(sample.usd[part.usd], part.usd).toFixed(2)}`;
  throw new Error('the value of an expression is not known to a sample');
}

function known<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw new Error(`the sample has no ${name}`);
  return value;
}
