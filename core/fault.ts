// Fault points: places where a test can have the process die as if by power cut.

const wanted = parse(process.env['FUNDLENS_FAULT']);
let passed = 0;

/**
 * Kills this process with SIGKILL where `FUNDLENS_FAULT` is `name`, or `name:nth` at the nth passage;
 * does nothing otherwise.
 */
export function reachFaultPoint(name: string): void {
  if (wanted?.name !== name) return;
  passed += 1;
  if (passed === wanted.nth) process.kill(process.pid, 'SIGKILL');
}

function parse(text: string | undefined): { name: string; nth: number } | undefined {
  if (!text) return undefined;
  const match = /^(.*?)(?::(\d+))?$/.exec(text);
  return { name: match?.[1] ?? text, nth: Number(match?.[2] ?? 1) };
}
