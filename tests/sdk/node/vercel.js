// Drives Vercel's AI SDK, through its providers for each dialect, against providers of each.

import assert from "node:assert/strict";

import { createAmazonBedrock } from "@ai-sdk/amazon-bedrock";
import { createAnthropic } from "@ai-sdk/anthropic";
import { createGoogleGenerativeAI } from "@ai-sdk/google";
import { createOpenAI } from "@ai-sdk/openai";
import { APICallError, Output, embedMany, generateText, stepCountIs, streamText, tool } from "ai";
import { z } from "zod";

import {
  CLOCK, DIALECTS, HELLO, SIGNS_THOUGHTS, TWO_CITIES, base, check, counted, failure, finish, options, proven,
} from "./checks.js";

globalThis.AI_SDK_LOG_WARNINGS = false;

const City = z.object({ name: z.string(), population: z.int() });

function sdk(apiKey) {
  const openai = createOpenAI({ baseURL: `${base}/v1`, apiKey });
  const google = createGoogleGenerativeAI({ baseURL: `${base}/v1beta`, apiKey });
  const amazon = createAmazonBedrock({ baseURL: base, region: "us-east-1", apiKey });
  return {
    models: {
      chat: (name) => openai.chat(name),
      responses: (name) => openai.responses(name),
      messages: createAnthropic({ baseURL: `${base}/v1`, apiKey }),
      gemini: google,
      converse: amazon,
      claude: (name) => amazon(name, { modelFamily: "anthropic" }),
    },
    embeddings: { chat: openai.embedding, gemini: google.embedding },
  };
}

const good = sdk(options.key);
const wrong = sdk("wrong");

// The SDK knows by their names which of OpenAI's and of Amazon's models think how, and must be told of
// others.
const THINKING = {
  openai: {
    forceReasoning: true,
    reasoningEffort: "low",
    reasoningSummary: "auto",
    include: ["reasoning.encrypted_content"],
    store: false,
  },
  anthropic: { thinking: { type: "enabled", budgetTokens: 1024 } },
  google: { thinkingConfig: { includeThoughts: true, thinkingBudget: 1024 } },
  bedrock: { reasoningConfig: { type: "enabled", budgetTokens: 1024 } },
};

const used = (usage) => [usage.inputTokens, usage.outputTokens];

/** A reply in one piece, and from a stream. */
async function both(request) {
  const whole = await counted(async () => {
    const result = await generateText({ maxRetries: 0, ...request });
    const { text, steps, finishReason, totalUsage } = result;
    const thought = steps[0].reasoningText;
    return { text, steps, thought, finishReason, output: request.output && result.output, usage: used(totalUsage) };
  });
  const streamed = await counted(async () => {
    let error;
    const result = streamText({ maxRetries: 0, onError: (event) => { error = event.error; }, ...request });
    let deltas = "";
    for await (const delta of result.textStream) {
      deltas += delta;
    }
    if (error) {
      throw error;
    }
    const [text, steps, finishReason, usage] = await Promise.all([
      result.text, result.steps, result.finishReason, result.totalUsage,
    ]);
    assert.ok(deltas.endsWith(text), "the deltas and the text");
    const output = request.output && await result.output;
    return { text, steps, thought: steps[0].reasoningText, finishReason, output, usage: used(usage) };
  });
  for (const field of ["text", "thought", "finishReason", "output", "usage"]) {
    assert.deepEqual(streamed[field], whole[field], `${field} of the stream and of the reply`);
  }
  return whole;
}

/** Tools that note what they were called with. */
function tools(calls) {
  const noted = (name, answer) => (input) => {
    calls.push([name, input]);
    return answer(input);
  };
  return {
    get_weather: tool({
      description: "The weather of a city",
      inputSchema: z.object({ city: z.string() }),
      execute: noted("get_weather", ({ city }) => `18 degrees in ${city}`),
    }),
    current_time: tool({
      description: "The time",
      inputSchema: z.object({}),
      execute: noted("current_time", () => "noon"),
    }),
  };
}

const CHECKS = {
  async text({ model }) {
    const reply = await both({ model, prompt: HELLO });
    assert.match(reply.text, /Good morning/);
    assert.equal(reply.finishReason, "stop");
  },
  async turns({ model }) {
    const messages = [
      { role: "user", content: HELLO },
      { role: "assistant", content: "A gateway is a door." },
      { role: "user", content: "say: a door of what?" },
    ];
    assert.equal((await both({ model, messages, system: "You are terse." })).text, "a door of what?");
  },
  async limit({ model }) {
    const reply = await both({ model, prompt: "Write 100 words", maxOutputTokens: 20 });
    assert.equal(reply.finishReason, "length");
  },
  async parallel_and_their_results({ model }) {
    const calls = [];
    const reply = await both({ model, prompt: TWO_CITIES, tools: tools(calls), stopWhen: stepCountIs(3) });
    assert.match(reply.text, /18 degrees in Paris/);
    assert.match(reply.text, /18 degrees in London/);
    const each = [["get_weather", { city: "Paris" }], ["get_weather", { city: "London" }]];
    assert.deepEqual(calls, [...each, ...each]);
    assert.equal(reply.steps.length, 2);
  },
  async without_arguments({ model }) {
    const calls = [];
    const reply = await both({ model, prompt: CLOCK, tools: tools(calls), stopWhen: stepCountIs(3) });
    assert.match(reply.text, /noon/);
    assert.deepEqual(calls, [["current_time", {}], ["current_time", {}]]);
  },
  async replay({ of, provider }) {
    const request = {
      model: good.models[of === "converse" ? "claude" : of](`thinking-${provider}`),
      prompt: TWO_CITIES,
      tools: tools([]),
      stopWhen: stepCountIs(3),
      maxOutputTokens: 4000,
      providerOptions: THINKING,
    };
    // What a model signed comes back to it with the results of its calls, in the reply and the stream.
    const proofs = SIGNS_THOUGHTS.includes(provider) ? 2 : 0;
    const reply = await proven(proofs, () => both(request));
    assert.match(reply.text, /18 degrees in Paris/);
    // Of what is thought, OpenAI's Chat has nothing to show.
    if (of !== "chat") {
      assert.match(reply.thought ?? "", /The user wants/);
    }
  },
  async forced({ model }) {
    const calls = [];
    const toolChoice = { type: "tool", toolName: "current_time" };
    await both({ model, prompt: HELLO, tools: tools(calls), toolChoice });
    assert.deepEqual(calls, [["current_time", {}], ["current_time", {}]]);
  },
  async structured({ model }) {
    City.parse((await both({ model, prompt: "A city", output: Output.object({ schema: City }) })).output);
  },
  async errors({ of, provider }) {
    const cases = [
      [404, good.models[of]("missing-model")],
      [401, wrong.models[of](`on-${provider}`)],
      [429, good.models[of](`limited-${provider}`)],
    ];
    for (const [status, model] of cases) {
      const error = await failure(() => generateText({ model, prompt: HELLO, maxRetries: 0 }));
      assert.ok(APICallError.isInstance(error), String(error));
      assert.equal(error.statusCode, status);
      assert.notEqual(error.message, "", "an error has a message");
    }
  },
};

async function embeddings(model) {
  const values = ["one text", "another text, and longer"];
  const reply = await embedMany({ model, values, maxRetries: 0 });
  assert.equal(reply.embeddings.length, 2);
  assert.notDeepEqual(reply.embeddings[0], reply.embeddings[1]);
}

for (const of of DIALECTS) {
  for (const provider of DIALECTS) {
    const model = good.models[of](`on-${provider}`);
    for (const [name, body] of Object.entries(CHECKS)) {
      await check(`vercel ${of} on ${provider}: ${name}`, () => body({ model, of, provider }));
    }
    if (good.embeddings[of] && good.embeddings[provider]) {
      await check(`vercel ${of} on ${provider}: embeddings`, () => embeddings(good.embeddings[of](`on-${provider}`)));
    }
  }
}
finish();
