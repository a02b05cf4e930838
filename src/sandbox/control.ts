/** Settings that may change while the sandbox runs, by `sandbox.control(…)` or `POST /_sandbox/control`. */
import { z } from 'zod';

const pairs = z.array(z.tuple([z.string(), z.string()]));

/** Schema of the settings. Times are milliseconds. Unknown names are refused, so that a misspelt one fails. */
export const controlSchema = z
  .strictObject({
    kind: z.enum(['express-rate-limit', 'fixed-aligned', 'sliding-log', 'token-bucket']),
    /** Requests per window; null: no limit. Takes effect at once, within the running window. */
    limit: z.number().int().positive().nullable(),
    /** Length of a window; a change starts a new one. */
    windowMs: z.number().int().positive(),
    clockOffsetMs: z.number(),
    resetForm: z.enum(['seconds', 'ms', 'delta', 'http-date']),
    retryAfterForm: z.enum(['seconds', 'http-date', 'none']),
    /** Names of headers that are not sent. */
    hideHeaders: z.array(z.string()),
    /** Replaces the whole latency: see Latency. */
    latency: z
      .strictObject({
        ms: z.number().min(0),
        way: z.number().min(0),
        work: z.number().min(0),
        jitter: z.number().min(0).max(1),
      })
      .partial(),
    /** Time per person of an ask before the answer is sent, as with the engine behind the API. */
    personMs: z.number().min(0),
    slowMs: z.number().min(0),
    /** Every request is answered with 401 while true. */
    keyRevoked: z.boolean(),
    phoneConnected: z.boolean(),
    /** WhatsApp has blocked the phone's number while true. */
    phoneBlocked: z.boolean(),
    /** `x-phone` values of single phones that are not connected; replaces the former list. */
    disconnected: z.array(z.string()),
    /** Answers of GET /phones and GET /chats: correct, HTTP 500, or JSON of an unknown form. */
    reads: z.enum(['ok', 'error', 'nonsense']),
    /** Number of next requests that get a 429 that is not the limiter's, with Retry-After: 1. */
    force429: z.number().int().min(0),
    /** Length of a network pause, which delays incoming requests and outgoing answers; 0 ends it. */
    holdMs: z.number().min(0),
    /** [chat_id, participant] of people who join a group by themselves, e.g. by an invite. */
    join: pairs,
    leave: pairs,
    /** [chat_id, participant] of people whom an admin removes. */
    remove: pairs,
    /** [chat_id, name] of further groups in GET /chats; also renames a group. Replaces the former list. */
    named: pairs,
    /** Whether GET /chats/{chat_id}/notifications exists (false: HTTP 404). */
    notifications: z.boolean(),
  })
  .partial();

export type SandboxControl = z.input<typeof controlSchema>;
