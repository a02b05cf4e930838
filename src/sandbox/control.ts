/** What may be changed while the sandbox runs, by `sandbox.control(…)` or `POST /_sandbox/control`. */
import { z } from 'zod';

const pairs = z.array(z.tuple([z.string(), z.string()]));

/** Times are milliseconds. Unknown names are refused, so that a misspelt control cannot pass for one that works. */
export const controlSchema = z
  .strictObject({
    kind: z.enum(['express-rate-limit', 'fixed-aligned', 'sliding-log', 'token-bucket']),
    /** Requests per window; null: no limit. Holds at once, within the running window. */
    limit: z.number().int().positive().nullable(),
    /** Starts a fresh window. */
    windowMs: z.number().int().positive(),
    clockOffsetMs: z.number(),
    resetForm: z.enum(['seconds', 'ms', 'delta', 'http-date']),
    retryAfterForm: z.enum(['seconds', 'http-date', 'none']),
    /** Names of headers not to send from now on. */
    hideHeaders: z.array(z.string()),
    /** Replaces all of it: see Latency. */
    latency: z
      .strictObject({
        ms: z.number().min(0),
        way: z.number().min(0),
        work: z.number().min(0),
        jitter: z.number().min(0).max(1),
      })
      .partial(),
    /** How long each person of an ask takes before the answer leaves, as with the engine behind the API. */
    personMs: z.number().min(0),
    slowMs: z.number().min(0),
    /** Every request is answered with 401 while true. */
    keyRevoked: z.boolean(),
    phoneConnected: z.boolean(),
    /** WhatsApp has blocked the phone's number while true. */
    phoneBlocked: z.boolean(),
    /** `x-phone` values of single phones that are not connected; replaces what was given before. */
    disconnected: z.array(z.string()),
    /** What GET /phones and GET /chats answer: as they should, HTTP 500, or JSON of no known form. */
    reads: z.enum(['ok', 'error', 'nonsense']),
    /** The next so many requests get a 429 that is not the limiter's, with Retry-After: 1. */
    force429: z.number().int().min(0),
    /** A network pause: requests that come, and answers that leave, wait for its end; 0 ends it. */
    holdMs: z.number().min(0),
    /** [chat_id, participant] of people who enter a group by themselves, e.g. by accepting an invite. */
    join: pairs,
    leave: pairs,
    /** The same, of people whom an admin removes. */
    remove: pairs,
    /** [chat_id, name] of groups that GET /chats lists besides; also renames a group. Replaces what was given before. */
    named: pairs,
    /** False: there is no GET /chats/{chat_id}/notifications (HTTP 404). */
    notifications: z.boolean(),
  })
  .partial();

export type SandboxControl = z.input<typeof controlSchema>;
