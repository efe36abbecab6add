"""OpenAI's SDK: Chat Completions and Responses."""

import json

import openai
import pydantic

from checks import Reply, same, true


class City(pydantic.BaseModel):
    name: str
    population: int


class OpenAi:
    """What both dialects have in common."""

    error = openai.APIStatusError
    errors = {
        400: "BadRequestError",
        401: "AuthenticationError",
        404: "NotFoundError",
        429: "RateLimitError",
    }

    def __init__(self, base_url, key, model):
        self.model = model
        self.base_url = base_url + "/v1"
        self.client = self.connect(key)

    def connect(self, key):
        return openai.OpenAI(base_url=self.base_url, api_key=key, max_retries=0, timeout=30)

    def status(self, error):
        true(isinstance(error.body, dict), f"an error object, not {error.body!r}")
        true(isinstance(error.body.get("type"), str), f"an error with a type, not {error.body!r}")
        return error.status_code

    def models(self):
        return [model.id for model in self.client.models.list()]

    def embed(self, texts, model, size):
        reply = self.client.embeddings.create(model=model, input=texts, dimensions=size)
        return [item.embedding for item in reply.data], reply.usage.prompt_tokens

    def limits(self, more):
        names = self.names
        limits = {names[name]: value for name, value in more.items()}
        if "parallel_tool_calls" in limits:
            limits["parallel_tool_calls"] = False
        return limits


class Chat(OpenAi):
    finish = {"end": "stop", "length": "length", "tool": "tool_calls", "stop": "stop"}
    own = ["embeddings"]
    # Of what a model thought, its SDK's types know nothing.
    forgets = True
    names = {"limit": "max_tokens", "stops": "stop", "one_call": "parallel_tool_calls"}

    def ask(self, text, stream=False, system=None, tools=(), choice=None, history=(), image=None,
            thinking=False, **more):
        messages = [{"role": "system", "content": system}] if system else []
        content = text
        if image:
            url = {"url": f"data:image/png;base64,{image}"}
            content = [{"type": "image_url", "image_url": url}, {"type": "text", "text": text}]
        messages += [{"role": "user", "content": content}, *history]
        request = {"model": more.pop("model", self.model), "messages": messages, **self.limits(more)}
        if tools:
            request["tools"] = [
                {"type": "function", "function": {"name": n, "description": n, "parameters": s}}
                for n, s in tools
            ]
        if thinking:
            request["reasoning_effort"] = "low"
        if choice == "any":
            request["tool_choice"] = "required"
        elif choice == "none":
            request["tool_choice"] = "none"
        elif choice:
            request["tool_choice"] = {"type": "function", "function": {"name": choice}}
        if stream:
            return self.streamed(request)
        reply = self.client.chat.completions.create(**request)
        return self.read(reply.choices[0].message, reply.choices[0].finish_reason, reply.usage)

    def streamed(self, request):
        text, thought, details, calls, finish, usage, done = "", "", [], {}, None, None, False
        chunks = self.client.chat.completions.create(
            stream=True, stream_options={"include_usage": True}, **request
        )
        for chunk in chunks:
            true(not done, "usage comes last")
            if not chunk.choices:
                usage, done = chunk.usage, True
                continue
            choice = chunk.choices[0]
            text += choice.delta.content or ""
            thought += getattr(choice.delta, "reasoning_content", None) or ""
            details += getattr(choice.delta, "reasoning_details", None) or []
            for part in choice.delta.tool_calls or ():
                call = calls.setdefault(part.index, ["", "", ""])
                if part.id:
                    call[0], call[1] = part.id, part.function.name
                call[2] += part.function.arguments or ""
            finish = choice.finish_reason or finish
        true(usage is not None, "the stream reports usage")
        parsed = [(i, n, json.loads(a)) for i, n, a in calls.values()]
        used = (usage.prompt_tokens, usage.completion_tokens)
        reply = Reply(text, parsed, finish, used, thought)
        (said,) = self.made(reply)
        told = {"reasoning_content": thought, "reasoning_details": details}
        reply.said = [said | {name: value for name, value in told.items() if value}]
        return reply

    def read(self, message, finish, usage):
        calls = [
            (call.id, call.function.name, json.loads(call.function.arguments))
            for call in message.tool_calls or ()
        ]
        used = (usage.prompt_tokens, usage.completion_tokens)
        same(usage.total_tokens, sum(used), "the total")
        thought = getattr(message, "reasoning_content", None) or ""
        return Reply(message.content or "", calls, finish, used, thought, [message])

    def turns(self, said, text):
        return [{"role": "assistant", "content": said}, {"role": "user", "content": text}]

    def after(self, reply, results):
        return self.made(reply) + self.answers(reply, results)

    def made(self, reply):
        calls = [
            {"id": i, "type": "function", "function": {"name": n, "arguments": json.dumps(a)}}
            for i, n, a in reply.calls
        ]
        message = {"role": "assistant", "content": reply.text or None}
        return [{**message, "tool_calls": calls} if calls else message]

    def answers(self, reply, results):
        return [
            {"role": "tool", "tool_call_id": call, "content": result}
            for (call, _, _), result in zip(reply.calls, results)
        ]

    def helper_stream(self, text):
        with self.client.chat.completions.stream(
            model=self.model, messages=[{"role": "user", "content": text}]
        ) as stream:
            deltas = [event.delta for event in stream if event.type == "content.delta"]
            return "".join(deltas), stream.get_final_completion().choices[0].message.content

    def structured(self, text):
        reply = self.client.chat.completions.parse(
            model=self.model, messages=[{"role": "user", "content": text}], response_format=City
        )
        return reply.choices[0].message.parsed

    def bad_request(self):
        self.client.chat.completions.create(model=self.model, messages=[])


class Responses(OpenAi):
    finish = {"end": "completed", "length": "max_output_tokens", "tool": "completed"}
    # The dialect has no stop sequences; it has earlier answers.
    without = ["stop"]
    own = ["previous"]
    names = {"limit": "max_output_tokens", "one_call": "parallel_tool_calls"}

    def ask(self, text, stream=False, system=None, tools=(), choice=None, history=(), image=None,
            thinking=False, **more):
        content = text
        if image:
            image = {"type": "input_image", "image_url": f"data:image/png;base64,{image}"}
            content = [{**image, "detail": "auto"}, {"type": "input_text", "text": text}]
        items = [{"role": "user", "content": content}, *history]
        request = {"model": more.pop("model", self.model), "input": items, **self.limits(more)}
        if system:
            request["instructions"] = system
        if tools:
            request["tools"] = [
                {"type": "function", "name": n, "description": n, "parameters": s, "strict": False}
                for n, s in tools
            ]
        if thinking:
            request["reasoning"] = {"effort": "low", "summary": "auto"}
            # Nothing is stored, so that what was thought must travel.
            request.update(store=False, include=["reasoning.encrypted_content"])
        if choice in ("any", "none"):
            request["tool_choice"] = {"any": "required", "none": "none"}[choice]
        elif choice:
            request["tool_choice"] = {"type": "function", "name": choice}
        if stream:
            return self.streamed(request)
        return self.read(self.client.responses.create(**request))

    def streamed(self, request):
        text, thought, arguments, last = "", "", {}, None
        for number, event in enumerate(self.client.responses.create(stream=True, **request)):
            same(event.sequence_number, number, "the events are numbered")
            true(last is None, "nothing follows the end")
            if event.type == "response.output_text.delta":
                text += event.delta
            elif event.type == "response.reasoning_summary_text.delta":
                thought += event.delta
            elif event.type == "response.function_call_arguments.delta":
                arguments[event.item_id] = arguments.get(event.item_id, "") + event.delta
            elif event.type == "response.output_item.done" and event.item.type == "function_call":
                same(event.item.arguments, arguments[event.item.id], "arguments")
            elif event.type in ("response.completed", "response.incomplete"):
                last = self.read(event.response)
        true(last is not None, "the stream says its end")
        same((last.thought, last.text), (thought, text), "the sum of the deltas")
        return last

    def read(self, response):
        calls = [
            (item.call_id, item.name, json.loads(item.arguments))
            for item in response.output
            if item.type == "function_call"
        ]
        details = response.incomplete_details
        finish = details.reason if details else response.status
        used = (response.usage.input_tokens, response.usage.output_tokens)
        same(response.usage.total_tokens, sum(used), "the total")
        thoughts = [
            part.text
            for item in response.output
            if item.type == "reasoning"
            for part in item.summary
        ]
        return Reply(
            response.output_text, calls, finish, used, "".join(thoughts), list(response.output)
        )

    def turns(self, said, text):
        return [{"role": "assistant", "content": said}, {"role": "user", "content": text}]

    def after(self, reply, results):
        history = [
            {"type": "function_call", "call_id": i, "name": n, "arguments": json.dumps(a)}
            for i, n, a in reply.calls
        ]
        return history + self.answers(reply, results)

    def answers(self, reply, results):
        return [
            {"type": "function_call_output", "call_id": call, "output": result}
            for (call, _, _), result in zip(reply.calls, results)
        ]

    def helper_stream(self, text):
        with self.client.responses.stream(model=self.model, input=text) as stream:
            deltas = [event.delta for event in stream if event.type == "response.output_text.delta"]
            return "".join(deltas), stream.get_final_response().output_text

    def structured(self, text):
        return self.client.responses.parse(
            model=self.model, input=text, text_format=City
        ).output_parsed

    def previous(self, text):
        first = self.client.responses.create(model=self.model, input=text)
        return self.client.responses.create(
            model=self.model, input=text, previous_response_id=first.id
        )

    def bad_request(self):
        self.client.responses.create(model=self.model, input=[{"role": "nobody", "content": "x"}])
