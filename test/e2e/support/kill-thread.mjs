// Preloaded into a server: SIGUSR2 ends the ledger's thread as running out of memory would.
process.on('worker', (worker) => {
  process.once('SIGUSR2', () => void worker.terminate());
});
