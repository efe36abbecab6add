// The vendors' SDKs, each with the same few methods.

import Anthropic from "@anthropic-ai/sdk";
import { GoogleGenAI } from "@google/genai";
import OpenAI from "openai";
import { zodResponseFormat, zodTextFormat } from "openai/helpers/zod";
import { z } from "zod";

import { base } from "./checks.js";

export const City = z.object({ name: z.string(), population: z.int() });

const ERRORS = {
  400: "BadRequestError",
  401: "AuthenticationError",
  404: "NotFoundError",
  429: "RateLimitError",
};

class OpenAi {
  errors = ERRORS;

  constructor(key, model) {
    this.model = model;
    this.client = new OpenAI({ baseURL: `${base}/v1`, apiKey: key, maxRetries: 0 });
  }

  async embed(texts) {
    const reply = await this.client.embeddings.create({ model: this.model, input: texts, dimensions: 8 });
    return reply.data.map((item) => item.embedding);
  }
}

export class Chat extends OpenAi {
  dialect = "chat";

  request({ text, tools = [], choice, thinking, history = [], model = this.model }) {
    const request = { model, messages: [{ role: "user", content: text }, ...history] };
    if (thinking) {
      request.reasoning_effort = "low";
    }
    if (tools.length > 0) {
      request.tools = tools.map(([name, parameters]) => ({ type: "function", function: { name, parameters } }));
    }
    if (choice) {
      const named = { type: "function", function: { name: choice } };
      request.tool_choice = choice === "any" ? "required" : named;
    }
    return request;
  }

  async ask(options) {
    return this.read(await this.client.chat.completions.create(this.request(options)));
  }

  async stream(options) {
    const more = { stream: true, stream_options: { include_usage: true } };
    const stream = this.client.chat.completions.stream({ ...this.request(options), ...more });
    // Of a field that is not OpenAI's, its helper keeps the last piece alone.
    let thought = "";
    for await (const chunk of stream) {
      thought += chunk.choices[0]?.delta.reasoning_content ?? "";
    }
    const reply = await stream.finalChatCompletion();
    if (thought !== "") {
      reply.choices[0].message.reasoning_content = thought;
    }
    return this.read(reply);
  }

  read(reply) {
    const { message, finish_reason: finish } = reply.choices[0];
    const calls = (message.tool_calls ?? []).map((call) => ({
      id: call.id,
      name: call.function.name,
      input: JSON.parse(call.function.arguments),
    }));
    const usage = [reply.usage.prompt_tokens, reply.usage.completion_tokens];
    const thought = message.reasoning_content ?? "";
    return { text: message.content ?? "", calls, finish, usage, thought, said: [message] };
  }

  after(reply, results) {
    const made = reply.calls.map(({ id, name, input }) => ({
      id,
      type: "function",
      function: { name, arguments: JSON.stringify(input) },
    }));
    return [{ role: "assistant", content: null, tool_calls: made }, ...this.answers(reply, results)];
  }

  answers({ calls }, results) {
    return calls.map(({ id }, at) => ({ role: "tool", tool_call_id: id, content: results[at] }));
  }

  async structured(text) {
    const request = { ...this.request({ text }), response_format: zodResponseFormat(City, "city") };
    return (await this.client.chat.completions.parse(request)).choices[0].message.parsed;
  }

  bad() {
    return this.client.chat.completions.create({ model: this.model, messages: [] });
  }
}

export class Responses extends OpenAi {
  dialect = "responses";

  request({ text, tools = [], choice, thinking, history = [], model = this.model }) {
    const request = { model, input: [{ role: "user", content: text }, ...history] };
    if (thinking) {
      // Nothing is stored, so that what was thought must travel.
      const include = ["reasoning.encrypted_content"];
      Object.assign(request, { reasoning: { effort: "low", summary: "auto" }, store: false, include });
    }
    if (tools.length > 0) {
      request.tools = tools.map(([name, parameters]) => ({ type: "function", name, parameters, strict: false }));
    }
    if (choice) {
      request.tool_choice = choice === "any" ? "required" : { type: "function", name: choice };
    }
    return request;
  }

  async ask(options) {
    return this.read(await this.client.responses.create(this.request(options)));
  }

  async stream(options) {
    return this.read(await this.client.responses.stream(this.request(options)).finalResponse());
  }

  read(reply) {
    const calls = reply.output
      .filter((item) => item.type === "function_call")
      .map((item) => ({ id: item.call_id, name: item.name, input: JSON.parse(item.arguments) }));
    const texts = reply.output
      .filter((item) => item.type === "message")
      .flatMap((item) => item.content.map((part) => part.text));
    const usage = [reply.usage.input_tokens, reply.usage.output_tokens];
    const thoughts = reply.output
      .filter((item) => item.type === "reasoning")
      .flatMap((item) => item.summary.map((part) => part.text));
    const [text, thought] = [texts.join(""), thoughts.join("")];
    return { text, calls, finish: reply.status, usage, thought, said: reply.output };
  }

  after(reply, results) {
    const made = reply.calls.map(({ id, name, input }) => ({
      type: "function_call",
      call_id: id,
      name,
      arguments: JSON.stringify(input),
    }));
    return [...made, ...this.answers(reply, results)];
  }

  answers({ calls }, results) {
    return calls.map(({ id }, at) => ({ type: "function_call_output", call_id: id, output: results[at] }));
  }

  async structured(text) {
    const request = { ...this.request({ text }), text: { format: zodTextFormat(City, "city") } };
    return (await this.client.responses.parse(request)).output_parsed;
  }

  bad() {
    return this.client.responses.create({ model: this.model, input: [{ role: "nobody", content: "x" }] });
  }
}

export class Messages {
  dialect = "messages";
  errors = ERRORS;

  constructor(key, model) {
    this.model = model;
    this.client = new Anthropic({ baseURL: base, apiKey: key, maxRetries: 0 });
  }

  request({ text, tools = [], choice, thinking, history = [], model = this.model }) {
    const request = { model, max_tokens: 4000, messages: [{ role: "user", content: text }, ...history] };
    if (thinking) {
      request.thinking = { type: "enabled", budget_tokens: 1024 };
    }
    if (tools.length > 0) {
      request.tools = tools.map(([name, input_schema]) => ({ name, input_schema }));
    }
    if (choice) {
      request.tool_choice = choice === "any" ? { type: "any" } : { type: "tool", name: choice };
    }
    return request;
  }

  async ask(options) {
    return this.read(await this.client.messages.create(this.request(options)));
  }

  async stream(options) {
    return this.read(await this.client.messages.stream(this.request(options)).finalMessage());
  }

  read(reply) {
    const of = (type) => reply.content.filter((block) => block.type === type);
    const calls = of("tool_use").map(({ id, name, input }) => ({ id, name, input }));
    const text = of("text").map((block) => block.text).join("");
    const usage = [reply.usage.input_tokens, reply.usage.output_tokens];
    const thought = of("thinking").map((block) => block.thinking).join("");
    const said = [{ role: "assistant", content: reply.content }];
    return { text, calls, finish: reply.stop_reason, usage, thought, said };
  }

  after(reply, results) {
    const made = reply.calls.map((call) => ({ type: "tool_use", ...call }));
    return [{ role: "assistant", content: made }, ...this.answers(reply, results)];
  }

  answers({ calls }, results) {
    const content = calls.map(({ id }, at) => ({ type: "tool_result", tool_use_id: id, content: results[at] }));
    return [{ role: "user", content }];
  }

  async structured(text) {
    const schema = { ...z.toJSONSchema(City), $schema: undefined };
    const request = { ...this.request({ text }), output_config: { format: { type: "json_schema", schema } } };
    return JSON.parse(this.read(await this.client.messages.create(request)).text);
  }

  bad() {
    return this.client.messages.create({ model: this.model, max_tokens: 10, messages: [] });
  }
}

export class Gemini {
  dialect = "gemini";
  errors = { 400: "ApiError", 401: "ApiError", 404: "ApiError", 429: "ApiError" };

  constructor(key, model) {
    this.model = model;
    const httpOptions = { baseUrl: base, retryOptions: { attempts: 1 } };
    this.client = new GoogleGenAI({ apiKey: key, vertexai: false, httpOptions });
  }

  request({ text, tools = [], choice, thinking, history = [], model = this.model }) {
    const config = {};
    if (thinking) {
      config.thinkingConfig = { includeThoughts: true, thinkingBudget: 1024 };
    }
    if (tools.length > 0) {
      const functionDeclarations = tools.map(([name, parametersJsonSchema]) => ({ name, parametersJsonSchema }));
      config.tools = [{ functionDeclarations }];
    }
    if (choice) {
      const only = choice === "any" ? {} : { allowedFunctionNames: [choice] };
      config.toolConfig = { functionCallingConfig: { mode: "ANY", ...only } };
    }
    return { model, contents: [{ role: "user", parts: [{ text }] }, ...history], config };
  }

  async ask(options) {
    return this.read([await this.client.models.generateContent(this.request(options))]);
  }

  async stream(options) {
    const chunks = [];
    for await (const chunk of await this.client.models.generateContentStream(this.request(options))) {
      chunks.push(chunk);
    }
    return this.read(chunks);
  }

  read(chunks) {
    const parts = chunks.flatMap((chunk) => chunk.candidates?.[0]?.content?.parts ?? []);
    const joined = (some) => some.map((part) => part.text ?? "").join("");
    const text = joined(parts.filter((part) => !part.thought));
    const thought = joined(parts.filter((part) => part.thought));
    const calls = parts
      .filter((part) => part.functionCall)
      .map(({ functionCall: { id, name, args } }) => ({ id, name, input: args ?? {} }));
    const last = chunks.at(-1);
    const { promptTokenCount, candidatesTokenCount = 0, thoughtsTokenCount = 0 } = last.usageMetadata;
    const usage = [promptTokenCount, candidatesTokenCount + thoughtsTokenCount];
    const said = [{ role: "model", parts }];
    return { text, calls, finish: last.candidates[0].finishReason, usage, thought, said };
  }

  after(reply, results) {
    const made = reply.calls.map(({ id, name, input }) => ({ functionCall: { id, name, args: input } }));
    return [{ role: "model", parts: made }, ...this.answers(reply, results)];
  }

  answers({ calls }, results) {
    const parts = calls.map(({ id, name }, at) => ({
      functionResponse: { id, name, response: { result: results[at] } },
    }));
    return [{ role: "user", parts }];
  }

  async structured(text) {
    const responseJsonSchema = { ...z.toJSONSchema(City), $schema: undefined };
    const request = this.request({ text });
    Object.assign(request.config, { responseMimeType: "application/json", responseJsonSchema });
    return JSON.parse((await this.client.models.generateContent(request)).text);
  }

  async embed(texts) {
    const request = { model: this.model, contents: texts, config: { outputDimensionality: 8 } };
    return (await this.client.models.embedContent(request)).embeddings.map((item) => item.values);
  }

  bad() {
    const contents = [{ role: "nobody", parts: [{ text: "x" }] }];
    return this.client.models.generateContent({ model: this.model, contents });
  }
}
