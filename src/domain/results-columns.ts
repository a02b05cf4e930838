export const RESULT_COLUMNS = [
  'row',
  'chat_id',
  'participant',
  'status',
  'reason_code',
  'message',
  'http_status',
  'attempts',
  'trace_id',
  'asked_at',
  'settled_at',
] as const;
export type ResultColumn = (typeof RESULT_COLUMNS)[number];
