// What a Node or React SDK of Test Lab does (testlab contract §3.1, §3.2), re-stated: poll, hash, block, variant, user.
// Usage: node sdk_loop.mjs SERVER FEATURE USER...   prints one line of JSON per user, then {"polled_again": status}.

import { get } from "node:http";

const [server, feature, ...users] = process.argv.slice(2);
const BLOCKS = 20;

const first = await poll({});
const features = JSON.parse(first.body);

for (const user of users) {
  console.log(JSON.stringify({ user, value: await valueOf(feature, user) }));
}
const again = await poll({ "If-Modified-Since": first.headers["last-modified"] });
console.log(JSON.stringify({ polled_again: again.status, body: again.body }));

// Not `fetch`: with a condition of one's own it adds `Cache-Control: no-cache`, which asks for the whole.
function poll(headers) {
  return new Promise((resolve, reject) => {
    const request = get(`${server}/api/feature/current`, { headers }, (answer) => {
      let body = "";
      answer.setEncoding("utf8").on("data", (part) => (body += part));
      answer.on("end", () => resolve({ status: answer.statusCode, headers: answer.headers, body }));
    });
    request.on("error", reject);
  });
}

async function valueOf(name, user) {
  const found = [...features.experiments, ...features.toggles, ...features.rollouts].find((row) => row.name === name);
  const now = Date.now();
  if (!found?.is_running || now < Date.parse(found.start_date) || now > Date.parse(found.end_date)) return false;
  if (found.type_id === 2) return hash(user + name) < found.user_percentage;
  if (found.type_id !== 3) return false;
  const value = hash(user);
  const block = Math.ceil(value * features.userblocks.length);
  const enrolled = features.userblocks.some((row) => row.id === block && row.feature_id === found.id);
  const variant = enrolled && cut(found.variant_arr, value, (block - 1) / BLOCKS);
  if (!variant) return false;
  await record(user, variant.id);
  return { id: variant.id, value: variant.value };
}

function cut(variants, value, start) {
  let bound = start;
  for (const variant of variants) {
    bound += variant.weight / BLOCKS;
    if (bound >= value) return variant;
  }
  return false;
}

async function record(user, variant) {
  const users = await (await fetch(`${server}/api/users`)).json();
  if (!users.some((row) => row.id === user && row.variant_id === variant)) {
    await post("/api/users", { id: user, variant_id: variant, ip_address: "127.0.0.1" });
  }
  await post("/api/events", { user_id: user, variant_id: variant });
}

async function post(path, body) {
  const answer = await fetch(server + path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
}

function hash(text) {
  let hashed = 0;
  for (let at = 0; at < text.length; at++) hashed = (Math.imul(hashed, 31) + text.charCodeAt(at)) | 0;
  return (hashed + 2147483647) / 4294967294;
}
