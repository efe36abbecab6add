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

  request({ text, tools = [], choice, history = [], model = this.model }) {
    const request = { model, messages: [{ role: "user", content: text }, ...history] };
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
    return this.read(await this.client.chat.completions.stream({ ...this.request(options), ...more }).finalChatCompletion());
  }

  read(reply) {
    const { message, finish_reason: finish } = reply.choices[0];
    const calls = (message.tool_calls ?? []).map((call) => ({
      id: call.id,
      name: call.function.name,
      input: JSON.parse(call.function.arguments),
    }));
    const usage = [reply.usage.prompt_tokens, reply.usage.completion_tokens];
    return { text: message.content ?? "", calls, finish, usage };
  }

  after({ calls }, results) {
    const made = calls.map(({ id, name, input }) => ({
      id,
      type: "function",
      function: { name, arguments: JSON.stringify(input) },
    }));
    const answers = calls.map(({ id }, at) => ({ role: "tool", tool_call_id: id, content: results[at] }));
    return [{ role: "assistant", content: null, tool_calls: made }, ...answers];
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

  request({ text, tools = [], choice, history = [], model = this.model }) {
    const request = { model, input: [{ role: "user", content: text }, ...history] };
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
    return { text: texts.join(""), calls, finish: reply.status, usage };
  }

  after({ calls }, results) {
    const made = calls.map(({ id, name, input }) => ({
      type: "function_call",
      call_id: id,
      name,
      arguments: JSON.stringify(input),
    }));
    const answers = calls.map(({ id }, at) => ({ type: "function_call_output", call_id: id, output: results[at] }));
    return [...made, ...answers];
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

  request({ text, tools = [], choice, history = [], model = this.model }) {
    const request = { model, max_tokens: 1000, messages: [{ role: "user", content: text }, ...history] };
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
    return { text, calls, finish: reply.stop_reason, usage };
  }

  after({ calls }, results) {
    const made = calls.map((call) => ({ type: "tool_use", ...call }));
    const answers = calls.map(({ id }, at) => ({ type: "tool_result", tool_use_id: id, content: results[at] }));
    return [{ role: "assistant", content: made }, { role: "user", content: answers }];
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

  request({ text, tools = [], choice, history = [], model = this.model }) {
    const config = {};
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
    const text = parts.map((part) => part.text ?? "").join("");
    const calls = parts
      .filter((part) => part.functionCall)
      .map(({ functionCall: { id, name, args } }) => ({ id, name, input: args ?? {} }));
    const last = chunks.at(-1);
    const usage = [last.usageMetadata.promptTokenCount, last.usageMetadata.candidatesTokenCount];
    return { text, calls, finish: last.candidates[0].finishReason, usage };
  }

  after({ calls }, results) {
    const made = calls.map(({ id, name, input }) => ({ functionCall: { id, name, args: input } }));
    const answers = calls.map(({ id, name }, at) => ({
      functionResponse: { id, name, response: { result: results[at] } },
    }));
    return [{ role: "model", parts: made }, { role: "user", parts: answers }];
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
