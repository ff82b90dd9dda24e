// Uploads with Node's fetch or http: KIND FRAMING COUNT FILE URL…
// Prints a line for each upload: the number of the URL, the status, and the length of the answer's body, or the error.
import { readFileSync } from 'node:fs';
import http from 'node:http';
import { Readable } from 'node:stream';

const [kind, framing, count, file, ...urls] = process.argv.slice(2);
const body = readFileSync(file);
const isChunked = framing === 'chunked';
const fields = { 'Content-Type': 'application/zip' };

function* pieces() {
  for (let at = 0; at < body.length; at += 65536) yield body.subarray(at, at + 65536);
}

async function withFetch(url) {
  const options = { method: 'POST', headers: fields, body };
  if (isChunked) Object.assign(options, { body: Readable.toWeb(Readable.from(pieces())), duplex: 'half' });
  const answer = await fetch(url, { ...options, signal: AbortSignal.timeout(30000) });
  return [answer.status, (await answer.arrayBuffer()).byteLength];
}

function withHTTP(url) {
  return new Promise((resolve, reject) => {
    const headers = isChunked ? fields : { ...fields, 'Content-Length': body.length };
    const request = http.request(url, { method: 'POST', headers, timeout: 30000 }, (answer) => {
      let length = 0;
      answer.on('data', (data) => { length += data.length; });
      answer.on('end', () => resolve([answer.statusCode, length]));
      answer.on('error', reject);
    });
    request.on('timeout', () => request.destroy(new Error('timeout')));
    request.on('error', reject);
    if (isChunked) Readable.from(pieces()).pipe(request);
    else request.end(body);
  });
}

const upload = kind === 'fetch' ? withFetch : withHTTP;
for (const [number, url] of urls.entries()) {
  for (let i = 0; i < Number(count); i++) {
    try {
      console.log(number, ...await upload(url));
    } catch (error) {
      console.log(number, '-', 0, `${error.cause?.code ?? error.code ?? ''} ${error.cause?.message ?? error.message}`);
    }
  }
}
process.exit(0);
