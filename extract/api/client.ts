// The one place that calls the API: axios sends, axios-retry tries again, limiter keeps calls apart.

import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import axios, {
  AxiosError,
  type AxiosInstance,
  type AxiosResponse,
  type InternalAxiosRequestConfig,
} from 'axios';
import axiosRetry from 'axios-retry';
import { RateLimiter } from 'limiter';
import { errorCode } from '../../core/database.ts';
import { readVersion } from '../../core/version.ts';
import { bareUrl, proxySetting } from '../http/address.ts';
import { networkReason, parseRetryAfter } from '../http/transience.ts';
import {
  ApiError,
  type ApiFailure,
  BudgetSpent,
  describe,
  isTransientApiFailure,
} from './failure.ts';
import type { ApiSettings } from './settings.ts';
import type { ApiPatience } from './types.ts';

/** What the API says of the quota in an answer. */
export interface SeenLimit {
  readonly limit: number;
  readonly remaining: number;
}

/** Counts calls, for all processes of the key. */
export interface CallBudget {
  /** Counts a call, or says how long none may be made. */
  take(seen: SeenLimit | undefined): Promise<
    | { readonly granted: true }
    | {
        readonly granted: false;
        readonly waitMs: number;
        readonly reason: 'spent' | 'blocked';
        readonly limit: number;
      }
  >;
  /** The API refused a call: nobody makes one for so long. */
  block(forMs: number): Promise<void>;
}

/** What a client needs. */
export interface ClientOptions {
  readonly settings: ApiSettings;
  readonly patience: ApiPatience;
  readonly budget: CallBudget;
  readonly signal: AbortSignal;
  /** Says something to the user. */
  readonly tell: (message: string) => void;
  /** Calls of this run at most; undefined for as many as the quota has. */
  readonly maxCalls: number | undefined;
}

/** Calls the API. */
export interface ApiClient {
  /**
   * Returns the text of an answer that `check` accepts.
   * @throws {ApiError} when no such answer comes; {BudgetSpent} when no call may be made.
   */
  get(url: string, check: (text: string) => void): Promise<string>;
  /** Calls of this run so far, failed ones included. */
  calls(): number;
}

/** A page of a hundred rows is a third of a megabyte. */
const largestAnswerBytes = 64 * 1024 * 1024;

/** Creates the client of a run. */
export function createApiClient(options: ClientOptions): ApiClient {
  const { settings, patience, signal } = options;
  const pace = createPace(options);
  const instance = axios.create({
    headers: {
      'X-Api-Key': settings.key,
      Accept: 'application/json',
      'User-Agent': `FundLens/${readVersion()}`,
    },
    // The text itself: a number read by JSON.parse would lose digits.
    responseType: 'text',
    transformResponse: [(text: unknown) => text],
    transitional: { clarifyTimeoutError: true, silentJSONParsing: false },
    timeout: patience.answerMs,
    maxContentLength: largestAnswerBytes,
    // The key goes to no other host.
    maxRedirects: 0,
    validateStatus: (status) => status === 200,
    httpAgent: new HttpAgent({ keepAlive: true, maxSockets: 4 }),
    httpsAgent: new HttpsAgent({ keepAlive: true, maxSockets: 4 }),
    ...proxySetting(settings.baseUrl),
  });
  instance.interceptors.request.use((config) => beforeCall(pace, config));
  // Before axios-retry's own: what it throws is tried again like any other fault.
  instance.interceptors.response.use(
    (response) => {
      pace.observe(response);
      checkAnswer(response);
      return response;
    },
    (error: unknown) => {
      if (error instanceof AxiosError && error.response) pace.observe(error.response);
      throw error;
    },
  );
  retryCalls(instance, options);
  return {
    get: async (url, check) => {
      signal.throwIfAborted();
      const tag = { signal, [checkTag]: check };
      try {
        const { data } = await instance.get<string>(url, tag);
        return data;
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof AxiosError)) throw error;
        const failure = failureOf(error, patience);
        if (isRefusal(failure)) throw await refused(options, failure);
        throw new ApiError(url, failure);
      }
    },
    calls: pace.calls,
  };
}

/** axios carries what it does not know along with a request, through every try. */
const checkTag = 'fundlensCheck';

type Pace = {
  /** Waits until a call may be made, and counts it. */
  turn(): Promise<void>;
  observe(response: AxiosResponse): void;
  calls(): number;
  readonly options: ClientOptions;
};

function createPace(options: ClientOptions): Pace {
  const { settings, budget, signal, tell, maxCalls } = options;
  const interval = 60_000 / settings.callsPerMinute;
  const limiter = new RateLimiter({ tokensPerInterval: 1, interval });
  let seen: SeenLimit | undefined;
  let calls = 0;
  return {
    options,
    calls: () => calls,
    observe: ({ headers }) => {
      const limit = Number(headers['x-ratelimit-limit'] ?? Number.NaN);
      const remaining = Number(headers['x-ratelimit-remaining'] ?? Number.NaN);
      const isSaid = Number.isInteger(limit) && Number.isInteger(remaining) && limit > 0;
      if (isSaid) seen = { limit, remaining: Math.max(0, Math.min(limit, remaining)) };
    },
    turn: async () => {
      if (maxCalls !== undefined && calls >= maxCalls) throw callsSpent(maxCalls);
      await limiter.removeTokens(1);
      let waitedMs = 0;
      for (;;) {
        signal.throwIfAborted();
        const answer = await budget.take(seen);
        seen = undefined;
        if (answer.granted) break;
        if (waitedMs + answer.waitMs > settings.longestWaitMs) throw quotaSpent(answer);
        tell(`${quotaReason(answer)}: waiting ${seconds(answer.waitMs)}`);
        waitedMs += answer.waitMs;
        await sleep(answer.waitMs, undefined, { signal }).catch(() => undefined);
      }
      calls += 1;
    },
  };
}

async function beforeCall(
  pace: Pace,
  config: InternalAxiosRequestConfig,
): Promise<InternalAxiosRequestConfig> {
  await pace.turn();
  const { signal, patience } = pace.options;
  // axios' own time-out does not see a body that drips: every try has a deadline for all of it.
  return { ...config, signal: AbortSignal.any([signal, AbortSignal.timeout(patience.answerMs)]) };
}

function checkAnswer(response: AxiosResponse): void {
  const check: unknown = Reflect.get(response.config, checkTag);
  if (typeof check !== 'function') return;
  try {
    check(response.data);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new AxiosError(reason, notAPage, response.config, response.request, response);
  }
}

/** Our own code of an answer with status 200 that is no page. */
const notAPage = 'ERR_NOT_A_PAGE';

function retryCalls(instance: AxiosInstance, options: ClientOptions): void {
  const { patience, budget, signal, settings, tell } = options;
  axiosRetry(instance, {
    retries: patience.retries,
    // The time that waiting takes is not the time that an answer has.
    shouldResetTimeout: true,
    retryCondition: (error) => {
      if (signal.aborted) return false;
      const failure = failureOf(error, patience);
      return isTransientApiFailure(failure) && askedWait(failure) <= settings.longestWaitMs;
    },
    retryDelay: (count, error) => {
      const failure = failureOf(error, patience);
      // After a 429 the quota itself makes everyone wait, this process too.
      return isRefusal(failure) ? 0 : Math.max(askedWait(failure), backOff(patience, count));
    },
    onRetry: async (count, error, config) => {
      const failure = failureOf(error, patience);
      if (isRefusal(failure)) {
        const asked = askedWait(failure);
        const blockedMs = asked > 0 ? asked : patience.blockedMs * 2 ** (count - 1);
        await budget.block(Math.min(blockedMs, patience.quotaMs));
      }
      // The deadline of the try before has passed, or will: the next one gets its own.
      config.signal = signal;
      tell(`${describe(failure)}; try ${count + 1} of ${patience.retries + 1}`);
    },
  });
}

/** The API went on refusing, or asks for more patience than there is: no other scope is answered either. */
async function refused(options: ClientOptions, failure: ApiFailure): Promise<BudgetSpent> {
  const { patience, budget } = options;
  const asked = askedWait(failure);
  await budget.block(Math.min(Math.max(asked, patience.blockedMs), patience.quotaMs));
  const wait = asked > 0 ? ` and asks to wait ${seconds(asked)}` : ' again and again';
  return new BudgetSpent(`the API refuses calls of this key (429)${wait}`, {
    exitCode: 1,
    hint: 'what was read is stored; `extract retry` goes on at the next page. Other programs may use the same key',
  });
}

function isRefusal(failure: ApiFailure): boolean {
  return failure.kind === 'status' && failure.status === 429;
}

/** How long the server asks to wait; 0 where it does not say. */
function askedWait(failure: ApiFailure): number {
  return failure.kind === 'status' ? (failure.retryAfterMs ?? 0) : 0;
}

function backOff(patience: ApiPatience, count: number): number {
  const longest = Math.min(patience.longestRetryMs, patience.retryMs * 2 ** (count - 1));
  // Not all at once: whoever waits with us would come back with us.
  return longest * (0.75 + Math.random() / 2);
}

/** Makes our failure of axios' error, whose request holds the key. */
function failureOf(error: AxiosError, patience: ApiPatience): ApiFailure {
  const { response } = error;
  if (error.code === notAPage) return { kind: 'answer', reason: error.message };
  if (response !== undefined && response.status !== 200) {
    const { status, headers, data } = response;
    const retryAfter: unknown = headers['retry-after'];
    const asked = parseRetryAfter(
      typeof retryAfter === 'string' ? retryAfter : undefined,
      Date.now(),
    );
    return { kind: 'status', status, said: saidBy(data), retryAfterMs: asked };
  }
  const code = errorCode(error);
  // Our own deadline aborts the request, which axios calls cancelled.
  if (code === 'ERR_CANCELED' || code === 'ETIMEDOUT' || code === 'ECONNABORTED') {
    return { kind: 'late', afterMs: patience.answerMs };
  }
  return { kind: 'network', code, reason: networkReason(error, code, bareUrl) };
}

/** Reads the message of both shapes of error: the gateway's and the application's; never a page of HTML. */
function saidBy(data: unknown): string {
  if (typeof data !== 'string') return '';
  try {
    const body: unknown = JSON.parse(data);
    const message = memberOf(body, 'message') ?? memberOf(memberOf(body, 'error'), 'message');
    const text = typeof message === 'string' ? message : JSON.stringify(message ?? body);
    return text.slice(0, 300);
  } catch {
    // A page of the edge, not of the API: its status says all there is to say.
    return '';
  }
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

interface Refused {
  readonly waitMs: number;
  readonly reason: 'spent' | 'blocked';
  readonly limit: number;
}

function quotaReason({ reason, limit }: Refused): string {
  return reason === 'blocked'
    ? 'the API refused a call of this key (429)'
    : `the quota of ${limit.toLocaleString('en-US')} calls an hour is used`;
}

function quotaSpent(refused: Refused): BudgetSpent {
  return new BudgetSpent(`${quotaReason(refused)}, and free again in ${seconds(refused.waitMs)}`, {
    exitCode: 1,
    hint: 'what was read is stored; `extract retry` goes on at the next page. FEC_API_MAX_WAIT_MINUTES is how long a run waits',
  });
}

function callsSpent(maxCalls: number): BudgetSpent {
  const made = maxCalls === 1 ? '1 call' : `${maxCalls} calls`;
  return new BudgetSpent(
    `the ${made} that --max-calls allows ${maxCalls === 1 ? 'is' : 'are'} made`,
    {
      exitCode: 1,
      hint: 'what was read is stored; `extract retry` goes on at the next page',
    },
  );
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(milliseconds < 10_000 ? 1 : 0)} s`;
}
