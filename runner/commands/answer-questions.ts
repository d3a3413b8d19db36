// Compile is pure, and some templates ask the database: render, collect what is missing, ask, render again.

import { UserError } from '../../core/errors.ts';
import type { ProgramContext } from '../../core/program.ts';
import { type TargetRequest, withTarget } from '../../core/target.ts';
import type { Answer, Answers, Attempt, Question } from '../compile/answers.ts';

/** How often the same templates are rendered again, each time with new answers. */
const mostRounds = 1000;

/**
 * Repeats an attempt until it needs no more answers; connects only when there is a question.
 * @throws {UserError} where a template asks for ever.
 */
export async function answerUntilDone<T>(
  context: ProgramContext,
  request: TargetRequest,
  tryWith: (answers: Answers) => Attempt<T>,
): Promise<T> {
  const first = tryWith(new Map());
  if (first.kind === 'done') return first.value;
  // Few projects ask, and the driver is a good part of what would be loaded for those that do not.
  const [{ openDatabase }, { answerQueries }] = await Promise.all([
    import('../../core/database.ts'),
    import('../execute/answer-queries.ts'),
  ]);
  return withTarget(request, async (target) => {
    const database = openDatabase(target.connection, {
      applicationName: 'fundlens:runner:compile',
      maxClients: 1,
      signal: context.signal,
    });
    try {
      return await answerRounds(tryWith, first, (questions) =>
        database.withClient((client) => answerQueries(client, questions)),
      );
    } finally {
      await database.close();
    }
  });
}

/**
 * Asks and tries again until nothing more is to be asked.
 * @throws {UserError} where a template asks for ever.
 */
export async function answerRounds<T>(
  tryWith: (answers: Answers) => Attempt<T>,
  first: Attempt<T>,
  ask: (questions: readonly Question[]) => Promise<Answers>,
): Promise<T> {
  const answers = new Map<string, Answer>();
  let tried = first;
  for (let round = 0; round < mostRounds && tried.kind === 'questions'; round += 1) {
    for (const [sql, answer] of await ask(tried.questions)) answers.set(sql, answer);
    tried = tryWith(answers);
  }
  if (tried.kind === 'done') return tried.value;
  throw endlessFault(tried.questions[0]?.sql ?? '');
}

function endlessFault(sql: string): UserError {
  return new UserError(`a template still asks the database after ${mostRounds} rounds`, {
    hint: `its last query is \`${sql.replace(/\s+/g, ' ').slice(0, 200)}\`; ask for all rows in one query`,
  });
}
