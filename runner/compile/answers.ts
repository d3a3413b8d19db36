// Questions that templates ask the database: compile stays pure, so they are thrown, collected and
// answered outside, and the templates rendered again.

/** A query whose result a template needs; asked again, it is the same text. */
export interface Question {
  /** One statement that only reads. */
  readonly sql: string;
}

/** A column of an answer. */
export interface AnswerColumn {
  readonly name: string;
  /** OID of its type. */
  readonly typeId: number;
}

/** What the database said to a question. */
export type Answer =
  | {
      readonly status: 'rows';
      readonly columns: readonly AnswerColumn[];
      /** Values in PostgreSQL's text form, null for null. */
      readonly rows: readonly (readonly (string | null)[])[];
    }
  | { readonly status: 'failed'; readonly message: string; readonly hint: string | undefined };

/** Answers by the text of their question. */
export type Answers = ReadonlyMap<string, Answer>;

/** Thrown through a render by a call whose answer is not known yet. */
export class NeedsAnswer extends Error {
  override readonly name = 'NeedsAnswer';
  readonly question: Question;

  constructor(question: Question) {
    super('a template asks the database');
    this.question = question;
  }
}

/** Thrown by what is known only once the nodes of the run are chosen. */
export class NeedsSelection extends Error {
  override readonly name = 'NeedsSelection';
}

/** What an attempt to render came to. */
export type Attempt<T> =
  | { readonly kind: 'done'; readonly value: T }
  /** With no question, the render waits for the choice of nodes alone. */
  | { readonly kind: 'questions'; readonly questions: readonly Question[] };

/** Runs a render that may ask. */
export function attempt<T>(render: () => T): Attempt<T> {
  try {
    return { kind: 'done', value: render() };
  } catch (error) {
    if (error instanceof NeedsSelection) return { kind: 'questions', questions: [] };
    if (!(error instanceof NeedsAnswer)) throw error;
    return { kind: 'questions', questions: [error.question] };
  }
}
