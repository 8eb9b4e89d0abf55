/** What the test provider says, and what it bills for each request. */
export const WORDS = ['The', 'fuse', 'holds', 'while', 'the', 'house', 'sleeps', 'on.'];
export const INPUT_TOKENS = 40;
export const CACHED_TOKENS = 16;
export const OUTPUT_TOKENS = 12;
