/** Queries of Prisma's GraphQL protocol as queries of its JSON protocol, and the answers back. */

export interface JsonQuery {
  modelName?: string;
  action: string;
  query: Selection;
}

interface Selection {
  arguments: Record<string, unknown>;
  selection: Record<string, unknown>;
}

/** The part of graphql's syntax tree that these queries use. */
interface Field {
  name: { value: string };
  arguments?: { name: { value: string }; value: Value }[];
  selectionSet?: { selections: Field[] };
}

type Value =
  | { kind: 'ObjectValue'; fields: { name: { value: string }; value: Value }[] }
  | { kind: 'ListValue'; values: Value[] }
  | { kind: 'IntValue' | 'FloatValue' | 'StringValue' | 'EnumValue'; value: string }
  | { kind: 'BooleanValue'; value: boolean }
  | { kind: 'NullValue' };

/** `findFirstUserOrThrow` is of model `User`, action `findFirstOrThrow`; raw ones are of no model. */
const METHOD =
  /^(findUnique|findFirst|findMany|createOne|createMany|updateOne|updateMany|deleteOne|deleteMany|upsertOne|aggregate|groupBy)(.*?)(OrThrow)?$/;

/** Model → field → its type, from the text of a `schema.prisma`. */
export type Schema = ReadonlyMap<string, ReadonlyMap<string, string>>;

export function readSchema(text: string): Schema {
  const models = [...text.matchAll(/^model (\w+) \{$(.*?)^\}$/gms)];
  return new Map(models.map(([, name, body]) => [name!, fieldsOf(body!)]));
}

function fieldsOf(body: string): ReadonlyMap<string, string> {
  return new Map([...body.matchAll(/^\s+(\w+)\s+(\w+)/gm)].map(([, name, type]) => [name!, type!]));
}

/** `document`: the tree of a text with one operation and one field in it, as prisma-client-py writes them. */
export function toJsonQuery(document: unknown, schema: Schema): JsonQuery {
  const { definitions } = document as { definitions: { selectionSet: { selections: Field[] } }[] };
  const field = definitions[0]?.selectionSet.selections[0];
  if (field === undefined) throw new Error('a query without a field');
  const method = field.name.value;
  if (method === 'queryRaw' || method === 'executeRaw') return { action: method, query: selectionOf(field) };
  const [, action, modelName, suffix = ''] = METHOD.exec(method) ?? [];
  if (action === undefined) throw new Error(`no action is called ${method}`);
  const query = selectionOf(field);
  return {
    modelName: modelName!,
    action: action + suffix,
    query: { ...query, arguments: tagged(query.arguments, modelName!, schema) },
  };
}

/** A text for a JSON field is JSON in the one protocol, and would be a string in the other. */
function tagged<T>(value: T, model: string, schema: Schema, isJson = false): T {
  if (typeof value === 'string') return isJson ? ({ $type: 'Json', value } as T) : value;
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map((one) => tagged(one, model, schema, isJson)) as T;
  const fields = Object.entries(value).map(([name, one]) => {
    const type = schema.get(model)?.get(name);
    const inner = type !== undefined && schema.has(type) ? type : model;
    return [name, tagged(one, inner, schema, isJson || type === 'Json')];
  });
  return Object.fromEntries(fields) as T;
}

function selectionOf(field: Field): Selection {
  const args = (field.arguments ?? []).map(({ name, value }) => [name.value, plain(value)]);
  const fields = field.selectionSet?.selections ?? [];
  const selection = fields.map((one) => [
    one.name.value,
    one.selectionSet || one.arguments?.length ? selectionOf(one) : true,
  ]);
  return { arguments: Object.fromEntries(args), selection: Object.fromEntries(selection) };
}

function plain(value: Value): unknown {
  switch (value.kind) {
    case 'ObjectValue':
      return Object.fromEntries(value.fields.map((one) => [one.name.value, plain(one.value)]));
    case 'ListValue':
      return value.values.map(plain);
    case 'IntValue':
    case 'FloatValue':
      return Number(value.value);
    case 'NullValue':
      return null;
    default:
      return value.value;
  }
}

/** The GraphQL answers carry no type tags, and name what was asked for `result`. */
export function answerOf(answer: unknown): unknown {
  const { data, batchResult, ...rest } = answer as { data?: Record<string, unknown>; batchResult?: unknown[] };
  if (batchResult) return { batchResult: batchResult.map(answerOf) };
  if (data) return { ...rest, data: { result: resultOf(Object.values(data)[0]) } };
  return rest;
}

interface RawRows {
  columns: string[];
  types: string[];
  rows: unknown[][];
}

function resultOf(value: unknown): unknown {
  return isRawRows(value) ? value.rows.map((row) => rawRow(value, row)) : untagged(value);
}

function isRawRows(value: unknown): value is RawRows {
  return typeof value === 'object' && value !== null && 'columns' in value && 'types' in value && 'rows' in value;
}

/** Each value of a raw row with its type, as the engines of prisma-client-py's days had them. */
function rawRow({ columns, types }: RawRows, row: unknown[]): unknown {
  return Object.fromEntries(columns.map((column, index) => [column, rawValue(types[index]!, row[index])]));
}

function rawValue(type: string, value: unknown): unknown {
  if (value === null) return { prisma__type: 'null', prisma__value: null };
  const element = /^(.+)-array$/.exec(type)?.[1];
  if (element === undefined) return { prisma__type: type, prisma__value: value };
  return { prisma__type: 'array', prisma__value: (value as unknown[]).map((one) => rawValue(element, one)) };
}

function untagged(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(untagged);
  if (value === null || typeof value !== 'object') return value;
  if ('$type' in value && 'value' in value) return value.value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, untagged(one)]));
}
