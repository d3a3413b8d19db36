/** A small generator of pseudo-random whole numbers (mulberry32): the same seed, the same numbers. */
export function createRandom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/** How many kills a fault test makes: ten, or what `npm run test:faults` asks for. */
export function killCount(): number {
  return Number(process.env['FAULT_KILLS'] ?? 10);
}
