// What a step needs from the run, how it ends, and where an error of the database becomes a ModelError.

import { type Client, type Database, errorCode } from '../../core/database.ts';
import { Interrupted, UserError } from '../../core/errors.ts';
import type { Manifest, NodeId } from '../compile/types.ts';
import type {
  BuildStep,
  DeltaPlanner,
  PublishedStep,
  Refresh,
  RefreshInput,
  RelationState,
  Statement,
  TestPlanning,
  TestQuery,
} from '../plan/types.ts';
import type { AroundOptions } from './around.ts';
import { ModelError, modelError } from './model-error.ts';
import type { PublishOptions } from './publish.ts';
import type { RowDiff, Sample, Status } from './types.ts';

/** Makes the SQL of what is late, asking over the connection of its step. */
export interface LateSteps {
  build(step: BuildStep, client: Client): Promise<BuildStep>;
  /** `staged` is the node whose stage is audited. */
  query(query: TestQuery, staged: NodeId | undefined, client: Client): Promise<TestQuery>;
  /** Puts the unit test, with its SQL, into the manifest of the run. */
  unitTest(id: NodeId, client: Client): Promise<void>;
}

/** What a step needs from the run. */
export interface StepContext {
  readonly database: Database;
  readonly manifest: Manifest;
  readonly projectDir: string;
  readonly signal: AbortSignal | undefined;
  readonly publish: PublishOptions;
  readonly planFinish: (
    step: PublishedStep,
    current: RelationState | undefined,
    staged: RelationState | undefined,
  ) => readonly Statement[];
  readonly planRefresh: (input: RefreshInput) => Refresh;
  readonly deltaPlanner: DeltaPlanner;
  readonly compiledPath: (node: NodeId) => string;
  readonly around: AroundOptions;
  /** Absent where nothing of the plan is late. */
  readonly late?: LateSteps | undefined;
  readonly testPlanning: TestPlanning;
  /** Keeps the rows of a test: at once over the client, or at the end of the run where none is given. */
  readonly storeFailures: (step: BuildStep, client: Client | undefined) => Promise<void>;
  /** Told of each test as it begins and ends. */
  readonly testStarted: (test: NodeId) => void;
  readonly testEnded: (test: NodeId, ended: Ended) => void;
}

/** How a node ended, without its times. */
export interface Ended {
  readonly status: Status;
  readonly rows?: number | undefined;
  readonly failures?: number | undefined;
  readonly error?: UserError | undefined;
  readonly skippedBecause?: NodeId | 'interrupted' | undefined;
  readonly sample?: Sample | undefined;
  readonly notice?: string | undefined;
  readonly diff?: RowDiff | undefined;
}

/** Turns what a step threw into data; what is no fault of the user's goes on as it is. */
export function endedBy(error: unknown, node: NodeId, context: StepContext): Ended {
  const code = error instanceof ModelError ? error.sqlstate : errorCode(error);
  const isCancelled = error instanceof Interrupted || code === '57014';
  if (context.signal?.aborted && (isCancelled || isLost(error))) {
    return { status: 'skipped', skippedBecause: 'interrupted' };
  }
  if (error instanceof UserError) return { status: 'error', error };
  const told = modelError(error, originOf(node, context));
  if (told instanceof UserError) return { status: 'error', error: told };
  if (isLost(error)) {
    const message = error instanceof Error ? error.message : String(error);
    const lost = new ModelError(`the connection was lost: ${message}`, {
      node,
      hint: 'look at the log of the server, and build again',
      cause: error,
    });
    return { status: 'error', error: lost };
  }
  throw error;
}

/** @throws where a step is late and the run has nothing to make its SQL with */
export function lateSteps({ late }: StepContext): LateSteps {
  if (late === undefined) throw new Error('the plan has late steps, and nothing makes their SQL');
  return late;
}

/** Where the SQL of a node was written, for the places of its errors. */
export function originOf(node: NodeId, context: StepContext) {
  const found = context.manifest.nodes.get(node);
  const isSql = found !== undefined && 'compiledSql' in found;
  const sql = isSql ? found.compiledSql : '';
  return {
    node,
    sql,
    mappedSql: sql,
    sqlMap: isSql ? found.sqlMap : [],
    path: found?.path ?? node,
    sent: '',
    bodyOffset: 1,
    compiledPath: isSql ? context.compiledPath(node) : undefined,
  };
}

/** @throws {Interrupted} when the run is to end */
export function stopIfInterrupted(context: StepContext): void {
  if (context.signal?.aborted) throw new Interrupted();
}

// The server ended the session, or the socket did: pg has no class for the latter.
function isLost(error: unknown): boolean {
  const code = errorCode(error);
  if (code !== undefined) {
    return code.startsWith('08') || code.startsWith('57P') || /^E[A-Z]+$/.test(code);
  }
  return error instanceof Error && /connection (?:terminated|ended|error)/i.test(error.message);
}
