// The loop that one writes first: csv-parse, p-limit and got, no ledger, no limiter, no checks. What ours is measured against.
import { createReadStream } from 'node:fs';
import { parse } from 'csv-parse';
import got from 'got';
import pLimit from 'p-limit';

const [file, baseUrl, key, concurrency] = process.argv.slice(2);
const limit = pLimit(Number(concurrency));
const asks = [];
for await (const row of createReadStream(file).pipe(parse({ columns: true }))) {
  asks.push(
    limit(() =>
      got
        .post(`${baseUrl}/chats/${encodeURIComponent(row.chat_id)}/add`, {
          headers: { authorization: `Bearer ${key}`, 'x-phone': '919876543210' },
          json: { participants: [row.phone] },
          retry: { limit: 0 },
        })
        .json(),
    ),
  );
}
await Promise.all(asks);
