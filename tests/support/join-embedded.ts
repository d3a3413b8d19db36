// A process that joins the embedded server, says on stdout what it got, and leaves when stdin ends.
// Arguments: project folder, and the URL of the `server` module where it is not the sources'.

import { once } from 'node:events';
import type { joinEmbedded as Join } from '../../core/embedded/server.ts';

const [projectDir = '', moduleUrl = '../../core/embedded/server.ts'] = process.argv.slice(2);
const notices: string[] = [];
try {
  // The compiled module has the same shape as the source.
  const { joinEmbedded }: { joinEmbedded: typeof Join } = await import(moduleUrl);
  const server = await joinEmbedded({ projectDir, onNotice: (message) => notices.push(message) });
  process.stdout.write(`${JSON.stringify({ ...server, notices })}\n`);
  process.stdin.resume();
  await once(process.stdin, 'end');
  await server.release();
} catch (error) {
  if (!(error instanceof Error)) throw error;
  const hint = 'hint' in error ? error.hint : undefined;
  process.stdout.write(`${JSON.stringify({ error: { message: error.message, hint } })}\n`);
}
