/** What the client says of itself, looked at when metrics are collected. */
export const status = {
  /** Undefined before the first contact was tried. */
  isServerAvailable: undefined as boolean | undefined,
  settlementsLost: 0,
};
