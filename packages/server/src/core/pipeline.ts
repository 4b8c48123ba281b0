// The way of every request, in order. Authorisation and audit happen here and nowhere else: no record, no action.
import type { Awaitable } from '../framework/awaitable.js';
import type { Exchange } from './exchange.js';
import { auditAnswer, auditBoth, auditRequest } from './steps/audit.js';
import { authorise } from './steps/authorise.js';
import { buildRequest } from './steps/build-request.js';
import { findRoute } from './steps/find-route.js';
import { handle } from './steps/handle.js';
import { issueLogin } from './steps/issue-login.js';
import { registerLease } from './steps/register-lease.js';
import { resolveToken } from './steps/resolve-token.js';
import { wrapAnswer } from './steps/wrap-answer.js';

type Step = (exchange: Exchange) => Awaitable<void>;

/** Who asks for what, and may they? Nothing has happened yet when one of these refuses. */
const admission: readonly Step[] = [findRoute, resolveToken, buildRequest, authorise];

/** What becomes of what the backend answered. */
const completion: readonly Step[] = [registerLease, issueLogin, wrapAnswer];

/**
 * Runs one request. A refusal at admission is audited too, with its error. When an answer can not be audited it is
 * withheld, although what it answers has happened.
 */
export function runPipeline(exchange: Exchange): Awaitable<void> {
  let admitted: Awaitable<void>;
  try {
    admitted = run(admission, 0, exchange);
  } catch (error) {
    return refuse(exchange, error);
  }
  if (admitted === undefined && isEffectless(exchange)) return observe(exchange);
  return admitAndServe(exchange, admitted);
}

/** The steps from `at` on: at once, as far as nothing has to be waited for. */
function run(steps: readonly Step[], at: number, exchange: Exchange): Awaitable<void> {
  for (let next = at; next < steps.length; next += 1) {
    const work = steps[next]?.(exchange);
    if (work !== undefined) return work.then(() => run(steps, next + 1, exchange));
  }
}

async function admitAndServe(exchange: Exchange, admitted: Awaitable<void>): Promise<void> {
  try {
    try {
      if (admitted !== undefined) await admitted;
    } catch (error) {
      await refuse(exchange, error);
    }
    await serve(exchange, null);
  } finally {
    // Asked when all is done: open paths look at a token, and take a use of it, while they are served.
    if (exchange.isLastUse && exchange.token !== null) {
      await exchange.active.revocation.revokeTree(exchange.token.id, exchange.api.now);
    }
  }
  for (const work of exchange.afterwards) await work();
}

async function refuse(exchange: Exchange, error: unknown): Promise<never> {
  await auditRequest(exchange, error);
  await auditAnswer(exchange, error);
  throw error;
}

/** Whether neither the backend nor this pipeline changes anything for the request. */
function isEffectless({ api, route }: Exchange): boolean {
  if (api.operation === 'help' || (api.wrapTtlSeconds ?? 0) > 0) return false;
  return route?.declared?.effectless.has(api.operation) === true;
}

/**
 * Lets an effectless path look. If its answer is at hand both records are written at once: less than half of the work,
 * and still nothing is released that is not on record. If not, the request is put on record while the path waits.
 */
function observe(exchange: Exchange): Awaitable<void> {
  let handled: Awaitable<void>;
  try {
    handled = handle(exchange);
  } catch (error) {
    return serve(exchange, Promise.reject(error));
  }
  return handled === undefined ? auditBoth(exchange) : serve(exchange, handled);
}

/** @param handled what observe() began; null: the backend has not been asked yet. */
async function serve(exchange: Exchange, handled: Promise<void> | null): Promise<void> {
  // Awaited below, where its failure is put on record.
  handled?.catch(() => undefined);
  await auditRequest(exchange, null);
  try {
    await (handled ?? handle(exchange));
    await run(completion, 0, exchange);
  } catch (error) {
    await auditAnswer(exchange, error);
    throw error;
  }
  await auditAnswer(exchange, null);
}
