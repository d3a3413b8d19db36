// Questions of templates, put to the database: each alone, in a transaction that only reads.

import pg from 'pg';
import type { Client } from '../../core/database.ts';
import type { Answer, Question } from '../compile/answers.ts';

/** Asks the database; what it refuses is an answer too, and becomes the template's error. */
export async function answerQueries(
  client: Client,
  questions: readonly Question[],
): Promise<ReadonlyMap<string, Answer>> {
  const answers = new Map<string, Answer>();
  for (const question of questions) answers.set(question.sql, await answerQuery(client, question));
  return answers;
}

async function answerQuery(client: Client, { sql }: Question): Promise<Answer> {
  // A test that runs before a transaction commits asks in it, and the transaction goes on.
  const isInside = client.getTransactionStatus() === 'T';
  await client.query(
    isInside
      ? 'savepoint fundlens_answer; set local transaction_read_only = on'
      : 'begin read only',
  );
  try {
    const result = await client.query<(string | null)[]>(asText(sql));
    return {
      status: 'rows',
      columns: result.fields.map(({ name, dataTypeID }) => ({ name, typeId: dataTypeID })),
      rows: result.rows,
    };
  } catch (error) {
    if (!(error instanceof pg.DatabaseError)) throw error;
    return refused(error, sql);
  } finally {
    const undo = isInside ? 'rollback to savepoint fundlens_answer' : 'rollback';
    await client.query(undo).catch(() => undefined);
  }
}

/** One statement, whatever it holds: the extended protocol takes no second one. Values stay text. */
function asText(sql: string): pg.QueryArrayConfig {
  return {
    text: sql,
    rowMode: 'array',
    queryMode: 'extended',
    types: { getTypeParser: () => (value: string) => value },
  } as pg.QueryArrayConfig; // as: the types of pg lack `queryMode`
}

const readOnlyTransaction = '25006';

function refused(error: pg.DatabaseError, sql: string): Answer {
  const query = sql.replace(/\s+/g, ' ').slice(0, 200);
  if (error.code === readOnlyTransaction) {
    return {
      status: 'failed',
      message: `a query of a template may only read, and this one writes: ${error.message}`,
      hint: `the query is \`${query}\`; run it in a hook or in a model of its own`,
    };
  }
  return {
    status: 'failed',
    message: `the database refuses the template's query: ${error.message}`,
    hint: `the query is \`${query}\``,
  };
}
