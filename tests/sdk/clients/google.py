"""Google's SDK."""

import base64

import pydantic
from google import genai
from google.genai import errors, types

from checks import Reply, same, true


class City(pydantic.BaseModel):
    name: str
    population: int


def own(call):
    """An id as the server gave it, which may be none."""
    return None if call.startswith("#") else call


class Gemini:
    finish = {"end": "STOP", "length": "MAX_TOKENS", "tool": "STOP", "stop": "STOP"}
    # The dialect cannot ask for one call at most.
    without = ["parallel_refused"]
    own = ["count", "embeddings"]
    error = errors.APIError
    errors = dict.fromkeys((400, 401, 404, 429), "ClientError")

    def __init__(self, base_url, key, model):
        self.model = model
        self.base_url = base_url
        self.client = self.connect(key)

    def connect(self, key):
        once = types.HttpRetryOptions(attempts=1)
        options = types.HttpOptions(base_url=self.base_url, timeout=30_000, retry_options=once)
        return genai.Client(api_key=key, vertexai=False, http_options=options)

    def ask(self, text, stream=False, system=None, tools=(), choice=None, history=(), image=None,
            **more):
        config = {"automatic_function_calling": {"disable": True}}
        if system:
            config["system_instruction"] = system
        if "limit" in more:
            config["max_output_tokens"] = more["limit"]
        if "stops" in more:
            config["stop_sequences"] = more["stops"]
        if "thinking" in more:
            thinking = types.ThinkingConfig(include_thoughts=True, thinking_budget=1024)
            config["thinking_config"] = thinking
        if tools:
            config["tools"] = [{
                "function_declarations": [
                    {"name": n, "description": n, "parameters_json_schema": s} for n, s in tools
                ]
            }]
        if choice:
            calling = {"any": {"mode": "ANY"}, "none": {"mode": "NONE"}}.get(
                choice, {"mode": "ANY", "allowed_function_names": [choice]}
            )
            config["tool_config"] = {"function_calling_config": calling}
        parts = [types.Part(text=text)]
        if image:
            parts.insert(0, types.Part.from_bytes(data=base64.b64decode(image), mime_type="image/png"))
        request = {
            "model": more.get("model", self.model),
            "contents": [types.Content(role="user", parts=parts), *history],
            "config": types.GenerateContentConfig(**config),
        }
        if stream:
            return self.streamed(request)
        return self.read([self.client.models.generate_content(**request)])

    def streamed(self, request):
        return self.read(list(self.client.models.generate_content_stream(**request)))

    def read(self, chunks):
        """The pieces of a stream, or the one of a reply."""
        parts = [
            part
            for chunk in chunks
            for candidate in chunk.candidates or ()
            for part in (candidate.content.parts if candidate.content else None) or ()
        ]
        text = "".join(part.text or "" for part in parts if not part.thought)
        thought = "".join(part.text or "" for part in parts if part.thought)
        found = [part.function_call for part in parts if part.function_call]
        # Google may leave the ids out: its results find their calls by name and order.
        calls = [
            (call.id or f"#{at}", call.name, call.args or {}) for at, call in enumerate(found)
        ]
        ends = [c.candidates[0].finish_reason for c in chunks if c.candidates]
        true(all(end is None for end in ends[:-1]), f"the reason comes last: {ends}")
        usage = chunks[-1].usage_metadata
        wrote = (usage.candidates_token_count or 0) + (usage.thoughts_token_count or 0)
        used = (usage.prompt_token_count, wrote)
        same(usage.total_token_count, sum(used), "the total")
        return Reply(text, calls, ends[-1].name, used, thought, [types.ModelContent(parts)])

    def turns(self, said, text):
        return [types.ModelContent(said), types.UserContent(text)]

    def after(self, reply, results):
        parts = [types.Part(text=reply.text)] if reply.text else []
        parts += [
            types.Part(function_call=types.FunctionCall(id=own(i), name=n, args=a))
            for i, n, a in reply.calls
        ]
        return [types.ModelContent(parts), *self.answers(reply, results)]

    def answers(self, reply, results):
        answers = [
            types.Part(function_response=types.FunctionResponse(
                id=own(call), name=name, response={"result": result}
            ))
            for (call, name, _), result in zip(reply.calls, results)
        ]
        return [types.UserContent(answers)]

    def helper_stream(self, text):
        chat = self.client.chats.create(model=self.model)
        deltas = "".join(chunk.text or "" for chunk in chat.send_message_stream(text))
        parts = [p.text for c in chat.get_history()[1:] for p in c.parts if p.text]
        return deltas, "".join(parts)

    def structured(self, text):
        reply = self.client.models.generate_content(
            model=self.model,
            contents=text,
            config={"response_mime_type": "application/json", "response_schema": City},
        )
        return reply.parsed

    def count(self, text):
        return self.client.models.count_tokens(model=self.model, contents=text).total_tokens

    def embed(self, texts, model, size):
        reply = self.client.models.embed_content(
            model=model, contents=texts, config={"output_dimensionality": size}
        )
        return [item.values for item in reply.embeddings], None

    def models(self):
        return [model.name.removeprefix("models/") for model in self.client.models.list()]

    def bad_request(self):
        self.client.models.generate_content(
            model=self.model, contents=[types.Content(role="nobody", parts=[types.Part(text="x")])]
        )

    def status(self, error):
        kinds = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 404: "NOT_FOUND",
                 429: "RESOURCE_EXHAUSTED"}
        same(error.status, kinds[error.code], "the status of the error")
        true(error.message, "an error has a message")
        return error.code
