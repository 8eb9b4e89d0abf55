/** Milliseconds since the Unix epoch, UTC. In the core, time is an argument: nothing here reads a clock. */
export type EpochMs = number;
export type DurationMs = number;
