// The lines of a run as it goes on, and its last word.

import type { Reporter } from '../../core/reporter.ts';
import type { Manifest, Node, NodeId } from '../compile/types.ts';
import type { Outcome, RunListener, RunResult, Status } from '../execute/types.ts';
import { formatRowDiff } from './row-diff.ts';
import { formatTable } from './rows.ts';

const lineWidth = 80;

/**
 * Returns a listener that prints `1 of 12 START …` and `1 of 12 OK … [in 0.42s]`. Tests that pass on a
 * stage are counted in the line of their node; those that warn or fail have a line below it.
 */
export function reportProgress(manifest: Manifest, reporter: Reporter): RunListener {
  const passed = new Map<NodeId, number>();
  return {
    started: (id, index, total) => {
      const node = manifest.nodes.get(id);
      if (node === undefined || isTest(node)) return;
      const facts = { event: 'node-started', node: id, index, total };
      reporter.info(leader(`${index} of ${total} START ${describeNode(node)}`, 'RUN'), facts);
    },
    ended: (outcome, index, total) => {
      const node = manifest.nodes.get(outcome.node);
      if (node === undefined) return;
      if (outcome.auditOf !== undefined && outcome.status === 'pass') {
        passed.set(outcome.auditOf, (passed.get(outcome.auditOf) ?? 0) + 1);
        if (reporter.format === 'text') return;
      }
      const facts = { event: 'node-ended', index, total, ...outcomeFacts(outcome) };
      if (
        outcome.auditOf !== undefined &&
        outcome.status === 'skipped' &&
        reporter.format === 'text'
      )
        return;
      const position =
        outcome.auditOf === undefined
          ? `${index} of ${total}`
          : ' '.repeat(`${index} of ${total}`.length);
      const line = leader(
        `${position} ${labels[outcome.status]} ${describeNode(node)}`,
        endNote(outcome, passed.get(outcome.node) ?? 0, manifest),
      );
      reporter.info(line, facts);
    },
  };
}

/** Prints every error, then the line `Done. PASS=… WARN=… ERROR=… SKIP=… TOTAL=…`. */
export function reportResult(manifest: Manifest, result: RunResult, reporter: Reporter): void {
  for (const outcome of result.outcomes) {
    if (outcome.notice !== undefined) {
      const name = manifest.nodes.get(outcome.node)?.name ?? outcome.node;
      reporter.warn(`${name}: ${outcome.notice}`);
    }
    if (outcome.error !== undefined) reporter.fault(outcome.error);
    else if (outcome.status === 'fail' || outcome.status === 'warn') {
      reporter.info(explainTest(manifest.nodes.get(outcome.node)?.name ?? outcome.node, outcome));
    }
  }
  const countOf = (...statuses: readonly Status[]): number =>
    result.outcomes.filter((outcome) => statuses.includes(outcome.status)).length;
  const total = result.outcomes.length;
  const counts = {
    pass: countOf('success', 'pass'),
    warn: countOf('warn'),
    error: countOf('error', 'fail'),
    skip: countOf('skipped'),
    total,
  };
  reporter.info(
    `Done in ${seconds(result.elapsedMs)}. PASS=${counts.pass} WARN=${counts.warn} ` +
      `ERROR=${counts.error} SKIP=${counts.skip} TOTAL=${total}`,
    { event: 'run-ended', ...counts, elapsedMs: result.elapsedMs },
  );
}

/** Tells whether everything that was to run ran well; warnings are well. */
export function isGood(result: RunResult): boolean {
  return result.outcomes.every((outcome) => ['success', 'pass', 'warn'].includes(outcome.status));
}

/** Where a stage was held back its rows are gone: a few of them are shown at once. */
function explainTest(name: string, outcome: Outcome): string {
  if (outcome.diff !== undefined) {
    const diff = formatRowDiff(outcome.diff, lineWidth - 2).replaceAll(/^(?=.)/gm, '  ');
    return `failed: unit test ${name}\n${diff}`;
  }
  const rows = count(outcome.failures ?? 0, 'row');
  if (outcome.status === 'warn' || outcome.sample === undefined) {
    return `warning: ${name}: ${rows}, see them with \`npx runner show ${name}\``;
  }
  const shown = outcome.sample.rows.length;
  const title = `failed: ${name}: ${rows}${shown < (outcome.failures ?? 0) ? `, the first ${shown}` : ''}`;
  const table = formatTable(outcome.sample).replaceAll(/^/gm, '  ');
  const fate = outcome.auditOf === undefined ? '' : '\n  what was published before stays';
  return `${title}\n${table}${fate}`;
}

const labels: Readonly<Record<Status, string>> = {
  success: 'OK',
  pass: 'PASS',
  warn: 'WARN',
  fail: 'FAIL',
  error: 'ERROR',
  skipped: 'SKIP',
};

function isTest(node: Node): boolean {
  return node.kind === 'test' || node.kind === 'unit-test';
}

function describeNode(node: Node): string {
  switch (node.kind) {
    case 'model':
      return `${node.materialized} ${node.relation.schema}.${node.relation.identifier}`;
    case 'snapshot':
    case 'seed':
      return `${node.kind} ${node.relation.schema}.${node.relation.identifier}`;
    case 'analysis':
      return `analysis ${node.name}`;
    case 'test':
      return `test ${node.name}`;
    case 'unit-test':
      return `unit test ${node.name}`;
    case 'source':
      return `source ${node.sourceName}.${node.name}`;
  }
}

function endNote(outcome: Outcome, testsPassed: number, manifest: Manifest): string {
  if (outcome.status === 'skipped') {
    const because = outcome.skippedBecause;
    if (because === undefined || because === 'interrupted') return because ?? 'SKIP';
    const cause = manifest.nodes.get(because);
    return cause && isTest(cause) ? `${cause.name} failed` : `no ${cause?.name ?? because}`;
  }
  const took = seconds(outcome.finishedAtMs - outcome.startedAtMs);
  if (outcome.status === 'fail' || outcome.status === 'warn') {
    return `${outcome.status.toUpperCase()} ${outcome.failures ?? 0} in ${took}`;
  }
  const parts = [
    outcome.rows === undefined ? undefined : count(outcome.rows, 'row'),
    testsPassed === 0 ? undefined : count(testsPassed, 'test'),
  ].filter((part) => part !== undefined);
  return parts.length === 0 ? took : `${parts.join(', ')} in ${took}`;
}

function outcomeFacts(outcome: Outcome) {
  return {
    node: outcome.node,
    status: outcome.status,
    rows: outcome.rows,
    failures: outcome.failures,
    elapsedMs: outcome.finishedAtMs - outcome.startedAtMs,
    error: outcome.error?.message,
  };
}

function count(number: number, noun: string): string {
  return `${number.toLocaleString('en-US')} ${noun}${number === 1 ? '' : 's'}`;
}

function leader(text: string, note: string): string {
  const dots = '.'.repeat(Math.max(3, lineWidth - text.length - note.length - 4));
  return `${text} ${dots} [${note}]`;
}

function seconds(elapsedMs: number): string {
  return `${(elapsedMs / 1000).toFixed(2)}s`;
}
