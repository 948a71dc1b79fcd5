// The real JavaScript SDK on our datafile and our collector:
//   node decide.mjs BASE_URL SDK_KEY FLAG_KEY EVENT_KEY USER...
// Prints one JSON line: {"decisions": {user: {variationKey, enabled, variables}}, "statuses": [collector answers]}
import {
  createBatchEventProcessor,
  createInstance,
  createPollingProjectConfigManager,
} from "@optimizely/optimizely-sdk";

const [base, sdkKey, flagKey, eventKey, ...users] = process.argv.slice(2);
const statuses = [];
let reported = 0;

const eventDispatcher = {
  async dispatchEvent(event) {
    const answer = await fetch(`${base}/v1/events`, {
      method: event.httpVerb,
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(event.params),
    });
    statuses.push(answer.status);
    reported += event.params.visitors.length;
    return { statusCode: answer.status };
  },
};

const client = createInstance({
  projectConfigManager: createPollingProjectConfigManager({
    sdkKey,
    urlTemplate: `${base}/datafiles/%s.json`,
    autoUpdate: false,
  }),
  eventProcessor: createBatchEventProcessor({ eventDispatcher, batchSize: 10, flushInterval: 1000 }),
});

await client.onReady({ timeout: 10000 });
const decisions = {};
for (const user of users) {
  const context = client.createUserContext(user);
  const { variationKey, enabled, variables } = context.decide(flagKey);
  decisions[user] = { variationKey, enabled, variables };
  context.trackEvent(eventKey, { revenue: 250, value: 2.5 });
}
await client.close();
// Closing does not wait for what is under way: each user is one impression and one conversion.
for (let tries = 0; tries < 200 && reported < 2 * users.length; tries++) {
  await new Promise((resolve) => setTimeout(resolve, 50));
}
console.log(JSON.stringify({ decisions, statuses }));
process.exit(0);
