/** Several phones as one client of the simulator: the judge, and the policy for all of them or for each. */
import {
  advance,
  decide,
  initial,
  type Observation,
  type RateState,
} from '../../../src/asking/rate-limit.ts';
import { ScopeJudge, type SentAsk } from '../../../src/asking/senders/scope.ts';
import type { Client, Script } from '../simulator.ts';

interface Flying {
  readonly sender: string;
  /** Its number with the policy that granted it. */
  readonly own: number;
  readonly policy: string;
  readonly alone: boolean;
  readonly ask: SentAsk | undefined;
}

/** Every phone has as many asks to bring through; `order` deals them. */
export function severalSenders(senders: readonly string[], judge = new ScopeJudge()) {
  return (script: Script, random: () => number): Client & { judge: ScopeJudge; splitAt(): number } => {
    const policies = new Map<string, RateState>();
    const flying = new Map<number, Flying>();
    const left = new Map(senders.map((sender) => [sender, Math.ceil(script.asks / senders.length)]));
    let id = 0;
    let splitAt = Number.POSITIVE_INFINITY;
    let togetherAt = 0;
    let chosen = { sender: '', policy: '', solo: false };
    const policyOf = (sender: string) => (judge.scope === 'apart' ? sender : 'all');
    const stateOf = (policy: string) => policies.get(policy) ?? initial({ maxInFlight: 1000 });
    const work = () => senders.filter((sender) => (left.get(sender) ?? 0) > 0);
    const verdictFor = (sender: string, now: number) => {
      const policy = policyOf(sender);
      const verdict = decide(stateOf(policy), 'ask', now);
      if (verdict.go) chosen = { sender, policy, solo: verdict.solo };
      return verdict.go ? { go: true, until: undefined } : { go: false, until: verdict.until };
    };
    return {
      judge,
      splitAt: () => splitAt,
      next(now) {
        if (judge.scope === 'open') {
          if (flying.size > 0) return { go: false, until: undefined };
          const { sender, at } = judge.pick(work(), now);
          return at > now ? { go: false, until: at } : verdictFor(sender, now);
        }
        if (now < togetherAt) return { go: false, until: togetherAt };
        if (judge.scope === 'shared') {
          const [sender] = work().sort((a, b) => (left.get(b) ?? 0) - (left.get(a) ?? 0));
          return verdictFor(sender as string, now);
        }
        let until: number | undefined;
        for (const sender of work()) {
          const empty = policies.has(sender) ? 0 : judge.freshAt(sender);
          const verdict = empty > now ? { go: false, until: empty } : verdictFor(sender, now);
          if (verdict.go) return verdict;
          until = Math.min(until ?? Number.POSITIVE_INFINITY, verdict.until ?? Number.POSITIVE_INFINITY);
        }
        return { go: false, until: until === Number.POSITIVE_INFINITY ? undefined : until };
      },
      start(now) {
        const { sender, policy, solo } = chosen;
        let state = stateOf(policy);
        const own = state.nextId;
        state = advance(state, { type: 'granted', kind: 'ask', solo, random: random() }, now);
        state = advance(state, { type: 'sent', id: own }, now);
        policies.set(policy, state);
        left.set(sender, (left.get(sender) ?? 0) - 1);
        const open = judge.scope === 'open';
        const ask = judge.scope === 'apart' ? judge.sent(sender) : undefined;
        flying.set(++id, { sender, own, policy, alone: open, ask });
        return id;
      },
      answered(which, observation: Observation) {
        const one = flying.get(which) as Flying;
        flying.delete(which);
        policies.set(
          one.policy,
          advance(
            stateOf(one.policy),
            { type: 'answered', id: one.own, observation },
            observation.answeredAt,
          ),
        );
        if (observation.httpStatus === 429) left.set(one.sender, (left.get(one.sender) ?? 0) + 1);
        const before = judge.scope;
        if (one.alone) judge.alone(one.sender, observation);
        else if (one.ask) judge.answered(one.ask, observation);
        if (before === judge.scope) return;
        if (judge.scope === 'apart') splitAt = observation.answeredAt;
        if (before === 'apart') {
          policies.clear();
          togetherAt = observation.answeredAt + 2000;
        }
      },
      senderOf: (which) => (flying.get(which) as Flying).sender,
      describe: () => `${judge.scope}`,
    };
  };
}
