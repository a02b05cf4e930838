import type { RunConfig } from '../config/run.ts';
import { EXIT } from '../domain/errors.ts';
import type { ChatId, Pair } from '../domain/words.ts';
import { alreadyDone, workloads } from '../plan/estimate.ts';
import { OpenHours } from '../plan/open-hours.ts';
import type { Survey } from '../plan/survey.ts';
import { askAll, namesAll, pairName, Rounds } from './asking/ask-all.ts';
import type { Waiting } from './asking/live.ts';
import { openSharing } from './asking/share.ts';
import type { Inputs } from './inputs/inputs.ts';
import { type Endpoint, endpoint } from './phones/connect.ts';
import { keepNames } from './phones/readers.ts';
import { connectPhones } from './phones/senders.ts';
import { agreed, estimate, type Plan } from './plan.ts';
import type { Session } from './session.ts';

export type Sent = Awaited<ReturnType<typeof send>>;

/** Asks everybody in the plan, through all sending phones. The ledger holds the outcomes. */
export async function send(config: RunConfig, session: Session, inputs: Inputs, made: Plan) {
  const { clock, control, log, releases } = session;
  const to = await endpoint(config, releases);
  logDone(config, session, inputs, made, to);
  const { redis } = config;
  const sharing = to && (await openSharing({ redis, to, control, clock, log, releases }));
  // An unreachable Redis has stopped the run, because nothing may be sent without it.
  if (to === undefined || (redis && sharing === undefined))
    return { phones: undefined, limited: false, throttled: () => false, failure: undefined };

  const { live } = session;
  const { plan } = made;
  const throttled = new Set<string>();
  const hours = config.hours && new OpenHours(config.hours);
  let waiting: Waiting | undefined;
  const rounds = new Rounds({
    ...{ clock, control, log, deadlineAt: deadlineOf(config, session) },
    hours: hours?.text,
    shows: (wait) => {
      waiting = wait;
      if (wait?.waitingWhy === undefined) live.waits.ends();
      else live.waits.begins(wait.waitingWhy);
    },
  });
  const phones = connectPhones({
    hours,
    later: (pair) => rounds.later(pair),
    ...{ ...session, ...inputs, config, plan, to, sharing },
    throttled: (pair) => throttled.add(pairName(pair)),
  });
  live.waiting = () => waiting ?? phones.limiter.snapshot;
  const ready = async (troubles: ReadonlyMap<ChatId, string>) => {
    const { calls } = phones;
    if (
      !(await agreed({ ...session, config, plan, sender: to.sender, troubles, calls, names: inputs.names }))
    )
      return false;
    const people = Math.min(plan.toAsk, config.limit ?? plan.toAsk);
    live.start(people, paceMs(config, plan, people));
    session.progress.start();
    return true;
  };
  const asking = askAll({ ...session, ...inputs, ...made, config, phones, ready, rounds }).then(
    (limited) => ({ limited, failure: undefined }),
    (error: unknown) => {
      control.stop({ exit: EXIT.defect, code: 'interrupted', message: 'stopped by an error' });
      return { limited: false, failure: error ?? new Error('nothing was thrown') };
    },
  );
  const ended = await unlessLeft(
    asking.then(async (end) => {
      // If somebody is to be asked, the precheck has read the groups.
      if (end.failure === undefined && plan.toAsk === 0 && namesAll(config))
        await keepNames({ config, session, plan, to, sharing, phones });
      return end;
    }),
    session,
  );
  return {
    /** `limited`: `--limit` ended it. `failure`: a defect that ended it; the results are written all the same. */
    ...ended,
    phones,
    /** Whether WhatsApp throttled this pair to the end. */
    throttled: (pair: Pair) => throttled.has(pairName(pair)),
  };
}

/**
 * Total of the pauses between asks that the user wants, ms; undefined: none. A daily cap ends the run, or is waited
 * for.
 */
function paceMs(config: RunConfig, plan: Survey, people: number): number | undefined {
  const { gap, maxRate, batchSize, hours } = config;
  const dailyCap = config.untilDone ? config.dailyCap : undefined;
  if ((gap ?? maxRate ?? hours ?? dailyCap) === undefined) return undefined;
  return estimate({ plan, people, batchSize }, { ...config, dailyCap }).ms;
}

/** Result of the asking; undefined once the run goes on without it. The ledger has every record so far. */
function unlessLeft<T>(asking: Promise<T>, { leave, log }: Session): Promise<T | typeof LEFT> {
  return new Promise((resolve) => {
    const go = () => {
      log.warn({}, 'something does not end: it is left, and the results are written');
      resolve(LEFT);
    };
    leave.addEventListener('abort', go, { once: true });
    asking.then(resolve).finally(() => leave.removeEventListener('abort', go));
  });
}

const LEFT = { limited: false, failure: undefined } as const;

/** Logs the work of former runs. With several phones each has its own cap, so the rest is not a single number. */
function logDone(
  { dailyCap }: RunConfig,
  { clock, log }: Session,
  { ledger }: Inputs,
  { plan }: Plan,
  to: Endpoint | undefined,
): void {
  const [sender = to?.sender, ...others] = workloads(plan, 1).keys();
  const capped = others.length > 0 ? undefined : sender;
  const done = alreadyDone(plan, ledger, { dailyCap, sender: capped }, clock.now());
  if (done) log.info({ known: done.facts }, done.message);
}

function deadlineOf({ deadlineMs }: RunConfig, { clock, startedAt }: Session): number | undefined {
  return deadlineMs === undefined ? undefined : clock.now() - (clock.monotonic() - startedAt) + deadlineMs;
}
