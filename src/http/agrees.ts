import type { z } from 'zod';

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
type Plain<T> = { [K in keyof T]: T[K] extends object ? Plain<T[K]> : T[K] };

/** `true` only while a schema means exactly its wire type: neither more nor less. */
export type Agrees<S extends z.ZodType, W> = Same<Plain<z.infer<S>>, Plain<W>>;
