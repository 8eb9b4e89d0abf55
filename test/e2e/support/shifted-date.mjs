// Preloaded into a server: its wall clock is off by SHIFT_DAYS.
const shiftMs = Number(process.env.SHIFT_DAYS) * 86_400_000;
const { now } = Date;
Date.now = () => now() + shiftMs;
