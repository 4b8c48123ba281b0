// The way of every request, in order. Authorisation and audit happen here and nowhere else: no record, no action.
import type { Exchange } from './exchange.js';
import { auditAnswer, auditRequest } from './steps/audit.js';
import { authorise } from './steps/authorise.js';
import { buildRequest } from './steps/build-request.js';
import { findRoute } from './steps/find-route.js';
import { handle } from './steps/handle.js';
import { issueLogin } from './steps/issue-login.js';
import { registerLease } from './steps/register-lease.js';
import { resolveToken } from './steps/resolve-token.js';
import { wrapAnswer } from './steps/wrap-answer.js';

/** Steps that have nothing to wait for return nothing: waiting costs more than most of them do. */
type Step = (exchange: Exchange) => Promise<void> | undefined;

/** Who asks for what, and may they? Nothing has happened yet when one of these refuses. */
const admission: readonly Step[] = [findRoute, resolveToken, buildRequest, authorise];

/** What happens once the request is on record. */
const service: readonly Step[] = [handle, registerLease, issueLogin, wrapAnswer];

/**
 * Runs one request. A refusal at admission is audited too, with its error. When an answer can not be audited it is
 * withheld, although what it answers has happened.
 */
export async function runPipeline(exchange: Exchange): Promise<void> {
  await admitAndServe(exchange);
  for (const work of exchange.afterwards) await work();
}

async function run(steps: readonly Step[], exchange: Exchange): Promise<void> {
  for (const step of steps) {
    const work = step(exchange);
    if (work !== undefined) await work;
  }
}

async function admitAndServe(exchange: Exchange): Promise<void> {
  try {
    try {
      await run(admission, exchange);
    } catch (error) {
      await auditRequest(exchange, error);
      await auditAnswer(exchange, error);
      throw error;
    }
    await auditRequest(exchange, null);
    try {
      await run(service, exchange);
    } catch (error) {
      await auditAnswer(exchange, error);
      throw error;
    }
    await auditAnswer(exchange, null);
  } finally {
    if (exchange.isLastUse && exchange.token !== null) {
      await exchange.active.revocation.revokeTree(exchange.token.id, exchange.api.now);
    }
  }
}
