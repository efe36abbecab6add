"""Anthropic's SDK."""

import json

import anthropic
import pydantic

from checks import Reply, same


class City(pydantic.BaseModel):
    name: str
    population: int


class Messages:
    finish = {"end": "end_turn", "length": "max_tokens", "tool": "tool_use", "stop": "stop_sequence"}
    own = ["count"]
    # A stream is asked for twice: raw, and folded by the SDK.
    streams = 2
    error = anthropic.APIStatusError
    errors = {
        400: "BadRequestError",
        401: "AuthenticationError",
        404: "NotFoundError",
        429: "RateLimitError",
    }

    def __init__(self, base_url, key, model):
        self.model = model
        self.base_url = base_url
        self.client = self.connect(key)

    def connect(self, key):
        return anthropic.Anthropic(base_url=self.base_url, api_key=key, max_retries=0, timeout=30)

    def ask(self, text, stream=False, system=None, tools=(), choice=None, history=(), image=None,
            **more):
        content = text
        if image:
            source = {"type": "base64", "media_type": "image/png", "data": image}
            content = [{"type": "image", "source": source}, {"type": "text", "text": text}]
        request = {
            "model": more.get("model", self.model),
            "max_tokens": more.get("limit", 4000),
            "messages": [{"role": "user", "content": content}, *history],
        }
        if system:
            request["system"] = system
        if "stops" in more:
            request["stop_sequences"] = more["stops"]
        if tools:
            request["tools"] = [
                {"name": n, "description": n, "input_schema": s} for n, s in tools
            ]
        if choice in ("any", "none"):
            request["tool_choice"] = {"type": choice}
        elif choice:
            request["tool_choice"] = {"type": "tool", "name": choice}
        if "thinking" in more:
            request["thinking"] = {"type": "enabled", "budget_tokens": 1024}
        if "one_call" in more:
            request.setdefault("tool_choice", {"type": "auto"})["disable_parallel_tool_use"] = True
        if stream:
            return self.streamed(request)
        return self.read(self.client.messages.create(**request))

    def streamed(self, request):
        """Both the raw events and the SDK's own fold, which must agree."""
        kinds, text, fragments = [], "", {}
        with self.client.messages.create(stream=True, **request) as events:
            for event in events:
                kinds.append(event.type)
                if event.type == "content_block_delta":
                    if event.delta.type == "text_delta":
                        text += event.delta.text
                    elif event.delta.type == "input_json_delta":
                        fragments.setdefault(event.index, "")
                        fragments[event.index] += event.delta.partial_json
        same((kinds[0], kinds[-2], kinds[-1]),
             ("message_start", "message_delta", "message_stop"), "order of events")
        same(kinds.count("message_start"), 1, "one message_start")
        with self.client.messages.stream(**request) as stream:
            reply = self.read(stream.get_final_message())
        same(reply.text, text, "the SDK's fold and the raw deltas")
        inputs = [json.loads(raw or "{}") for raw in fragments.values()]
        same([a for _, _, a in reply.calls], inputs, "the SDK's tool inputs and the raw deltas")
        return reply

    def read(self, message):
        text = "".join(block.text for block in message.content if block.type == "text")
        calls = [
            (block.id, block.name, block.input)
            for block in message.content
            if block.type == "tool_use"
        ]
        used = (message.usage.input_tokens, message.usage.output_tokens)
        thought = "".join(b.thinking for b in message.content if b.type == "thinking")
        said = [{"role": "assistant", "content": message.content}]
        return Reply(text, calls, message.stop_reason, used, thought, said)

    def turns(self, said, text):
        return [{"role": "assistant", "content": said}, {"role": "user", "content": text}]

    def after(self, reply, results):
        blocks = [{"type": "text", "text": reply.text}] if reply.text else []
        blocks += [
            {"type": "tool_use", "id": i, "name": n, "input": a} for i, n, a in reply.calls
        ]
        return [{"role": "assistant", "content": blocks}, *self.answers(reply, results)]

    def answers(self, reply, results):
        answers = [
            {"type": "tool_result", "tool_use_id": call, "content": result}
            for (call, _, _), result in zip(reply.calls, results)
        ]
        return [{"role": "user", "content": answers}]

    def helper_stream(self, text):
        with self.client.messages.stream(
            model=self.model, max_tokens=1000, messages=[{"role": "user", "content": text}]
        ) as stream:
            deltas = "".join(stream.text_stream)
            return deltas, stream.get_final_text()

    def structured(self, text):
        reply = self.client.messages.parse(
            model=self.model,
            max_tokens=1000,
            messages=[{"role": "user", "content": text}],
            output_format=City,
        )
        return reply.parsed_output

    def count(self, text):
        counted = self.client.messages.count_tokens(
            model=self.model, messages=[{"role": "user", "content": text}]
        )
        return counted.input_tokens

    def models(self):
        return [model.id for model in self.client.models.list()]

    def bad_request(self):
        self.client.messages.create(model=self.model, max_tokens=10, messages=[])

    def status(self, error):
        kind = error.body["error"]["type"]
        kinds = {400: "invalid_request_error", 401: "authentication_error", 404: "not_found_error",
                 429: "rate_limit_error"}
        same(kind, kinds[error.status_code], "the type of the error")
        return error.status_code
