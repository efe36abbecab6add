// Drives OpenAI's, Anthropic's and Google's SDKs for Node against providers of each dialect: see
// square.py, whose checks these are in short.

import assert from "node:assert/strict";

import {
  CLOCK, DIALECTS, HELLO, LONDON, NOTHING, ONE_CITY, options, PARIS, SIGNS_THOUGHTS, TIME, TOOLS,
  TWO_CITIES, check, counted, failure, finish, proven,
} from "./checks.js";
import { Chat, City, Gemini, Messages, Responses } from "./clients.js";

const made = ({ calls }) => calls.map(({ name, input }) => ({ name, input }));

/** A reply and its stream, which must be the same. */
async function both(client, request) {
  const whole = await counted(() => client.ask(request));
  const streamed = await counted(() => client.stream(request));
  const plain = (reply) => ({ ...reply, calls: made(reply), said: undefined });
  assert.deepEqual(plain(streamed), plain(whole), "the stream and the reply");
  return whole;
}

async function fails(client, status, call) {
  const error = await failure(call);
  assert.equal(error.status, status, String(error));
  assert.equal(error.constructor.name, client.errors[status]);
}

const CHECKS = {
  async text(client) {
    const reply = await both(client, { text: HELLO });
    assert.match(reply.text, /Good morning/);
  },
  async unicode(client) {
    const text = "Grüße, 世界! 👋 “quoted” \\ back\tslash";
    assert.equal((await both(client, { text: `say: ${text}` })).text, text);
  },
  async single(client) {
    assert.deepEqual(made(await both(client, { text: ONE_CITY, tools: TOOLS })), [PARIS]);
  },
  async forced(client) {
    const named = await both(client, { text: HELLO, tools: TOOLS, choice: "current_time" });
    assert.deepEqual(made(named), [TIME]);
    const any = await both(client, { text: HELLO, tools: TOOLS, choice: "any" });
    assert.equal(any.calls.length, 1);
  },
  async parallel(client) {
    assert.deepEqual(made(await both(client, { text: TWO_CITIES, tools: TOOLS })), [PARIS, LONDON]);
  },
  async without_arguments(client) {
    assert.deepEqual(made(await both(client, { text: CLOCK, tools: [["current_time", NOTHING]] })), [TIME]);
  },
  async round_trip(client) {
    const asked = await client.stream({ text: TWO_CITIES, tools: TOOLS });
    const history = client.after(asked, ["18 degrees in Paris", "12 degrees in London"]);
    const reply = await both(client, { text: TWO_CITIES, tools: TOOLS, history });
    assert.match(reply.text, /18 degrees in Paris/);
    assert.match(reply.text, /12 degrees in London/);
  },
  async replay(client, provider) {
    // What a model signed comes back to it with the results of its calls, as it was said.
    const request = { text: TWO_CITIES, tools: TOOLS, thinking: true, model: `thinking-${provider}` };
    const times = SIGNS_THOUGHTS.includes(provider) ? 2 : 0;
    for (const asked of [await client.ask(request), await client.stream(request)]) {
      assert.match(asked.thought, /The user wants/);
      const history = [...asked.said, ...client.answers(asked, ["18 degrees in Paris", "12 degrees in London"])];
      const reply = await proven(times, () => both(client, { ...request, history }));
      assert.match(reply.text, /12 degrees in London/);
    }
  },
  async structured(client) {
    City.parse(await client.structured("A city"));
  },
  async unknown_model(client) {
    await fails(client, 404, () => client.ask({ text: HELLO, model: "missing-model" }));
    await fails(client, 404, () => client.stream({ text: HELLO, model: "missing-model" }));
  },
  async malformed(client) {
    await fails(client, 400, () => client.bad());
  },
  async wrong_key(client) {
    await fails(client, 401, () => new client.constructor("wrong", client.model).ask({ text: HELLO }));
  },
  async limited(client, provider) {
    await fails(client, 429, () => client.ask({ text: HELLO, model: `limited-${provider}` }));
    await fails(client, 429, () => client.stream({ text: HELLO, model: `limited-${provider}` }));
  },
};

async function embeddings(client) {
  const vectors = await client.embed(["one text", "another text, and longer"]);
  assert.deepEqual(vectors.map((vector) => vector.length), [8, 8]);
  for (const vector of vectors) {
    assert.ok(Math.abs(vector.reduce((sum, value) => sum + value * value, 0) - 1) < 1e-5);
  }
}

for (const Client of [Chat, Responses, Messages, Gemini]) {
  for (const provider of DIALECTS) {
    const client = new Client(options.key, `on-${provider}`);
    for (const [name, body] of Object.entries(CHECKS)) {
      await check(`node ${client.dialect} on ${provider}: ${name}`, () => body(client, provider));
    }
    if (client.embed && ["chat", "gemini"].includes(provider)) {
      await check(`node ${client.dialect} on ${provider}: embeddings`, () => embeddings(client));
    }
  }
}
finish();
