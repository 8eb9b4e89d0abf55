/** The SDK, where the application starts one itself, starts after everything else has been imported. */
import { runCalls } from './calls.mjs';

if (process.env.START_SDK) await import(process.env.START_SDK);
await runCalls();
