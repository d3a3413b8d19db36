// Builds hand-made nodes in a process of its own, which a test may have killed; stdin has them as JSON.

import { readFileSync } from 'node:fs';
import { runNodes } from './run-plan.ts';

const { connection, nodes, projectDir } = JSON.parse(readFileSync(0, 'utf8'));
await runNodes(connection, nodes, { projectDir });
