#!/usr/bin/env python3
"""Drive one dialect's official SDK against a server, and check what comes back.

The server is a mock model itself, or a gateway in front of mocks. Checked are text, streams against
replies, tool calls (single, parallel, without arguments, their results), limits, errors, and usage
against the mocks' own account at `/__stats`, to the token.

    sdk_square.py --base-url http://127.0.0.1:9001 --dialect openai --model mock-small
    sdk_square.py --base-url http://127.0.0.1:8080 --dialect anthropic --model fast --key demo \
                  --stats http://127.0.0.1:9001 --stats http://127.0.0.1:9002

One line per check, then `N passed, N failed`; the exit code is 1 when a check failed.
"""

import argparse
import json
import sys
import urllib.request

WEATHER = {
    "type": "object",
    "properties": {"city": {"type": "string", "description": "The city"}},
    "required": ["city"],
}
NOTHING = {"type": "object", "properties": {}}
HELLO = "Good morning! Tell me something about gateways."
ONE_CITY = "What is the weather in Paris?"
TWO_CITIES = "What is the weather in Paris and in London?"
CLOCK = "Please call the tool current_time."


class Usage:
    """The mocks' own account, summed over all that may have answered."""

    def __init__(self, urls):
        self.urls = urls

    def now(self):
        prompt = completion = 0
        for url in self.urls:
            with urllib.request.urlopen(url + "/__stats", timeout=10) as answer:
                stats = json.load(answer)
            prompt += stats["prompt_tokens"]
            completion += stats["completion_tokens"]
        return prompt, completion

    def of(self, call):
        """What a call returns, and what the mocks say it used."""
        before = self.now()
        result = call()
        after = self.now()
        return result, (after[0] - before[0], after[1] - before[1])


class Checks:
    def __init__(self):
        self.passed = self.failed = 0

    def run(self, name, check):
        try:
            check()
        except Exception as error:  # noqa: BLE001 - a check fails however it fails
            self.failed += 1
            text = " ".join(str(error).split())[:300]
            print(f"FAIL {name}: {type(error).__name__}: {text}")
        else:
            self.passed += 1
            print(f"ok   {name}")

    def finish(self):
        print(f"{self.passed} passed, {self.failed} failed")
        return 1 if self.failed else 0


def same(got, expected, what):
    if got != expected:
        raise AssertionError(f"{what}: {got!r} is not {expected!r}")


def true(condition, what):
    if not condition:
        raise AssertionError(what)


class Reply:
    """What both dialects say, in one shape."""

    def __init__(self, text, calls, finish, usage):
        self.text = text
        self.calls = calls
        self.finish = finish
        self.usage = usage

    def plain(self):
        calls = [(name, arguments) for _, name, arguments in self.calls]
        return self.text, calls, self.finish, self.usage


class OpenAi:
    finish = {"end": "stop", "length": "length", "tool": "tool_calls", "stop": "stop"}

    def __init__(self, options):
        import openai

        self.sdk = openai
        self.model = options.model
        url = options.base_url + "/v1"
        self.client = openai.OpenAI(base_url=url, api_key=options.key, max_retries=0, timeout=30)
        self.no_key = openai.OpenAI(base_url=url, api_key="wrong", max_retries=0, timeout=30)

    def ask(self, text, stream=False, system=None, tools=(), choice=None, history=(), **more):
        messages = [{"role": "system", "content": system}] if system else []
        messages += [{"role": "user", "content": text}, *history]
        request = {"model": more.pop("model", self.model), "messages": messages, **self.limits(more)}
        if tools:
            request["tools"] = [
                {"type": "function", "function": {"name": n, "description": n, "parameters": s}}
                for n, s in tools
            ]
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

    def limits(self, more):
        names = {"limit": "max_tokens", "stops": "stop", "one_call": "parallel_tool_calls"}
        limits = {names[name]: value for name, value in more.items()}
        if "parallel_tool_calls" in limits:
            limits["parallel_tool_calls"] = False
        return limits

    def streamed(self, request):
        text, calls, finish, usage, done = "", {}, None, None, False
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
            for part in choice.delta.tool_calls or ():
                call = calls.setdefault(part.index, ["", "", ""])
                if part.id:
                    call[0], call[1] = part.id, part.function.name
                call[2] += part.function.arguments or ""
            finish = choice.finish_reason or finish
        true(usage is not None, "the stream reports usage")
        parsed = [(i, n, json.loads(a)) for i, n, a in calls.values()]
        return Reply(text, parsed, finish, (usage.prompt_tokens, usage.completion_tokens))

    def read(self, message, finish, usage):
        calls = [
            (call.id, call.function.name, json.loads(call.function.arguments))
            for call in message.tool_calls or ()
        ]
        used = (usage.prompt_tokens, usage.completion_tokens)
        return Reply(message.content or "", calls, finish, used)

    def after(self, reply, results):
        calls = [
            {"id": i, "type": "function", "function": {"name": n, "arguments": json.dumps(a)}}
            for i, n, a in reply.calls
        ]
        history = [{"role": "assistant", "content": reply.text or None, "tool_calls": calls}]
        for (call, _, _), result in zip(reply.calls, results):
            history.append({"role": "tool", "tool_call_id": call, "content": result})
        return history

    def helper_stream(self, text):
        with self.client.chat.completions.stream(
            model=self.model, messages=[{"role": "user", "content": text}]
        ) as stream:
            deltas = [event.delta for event in stream if event.type == "content.delta"]
            return "".join(deltas), stream.get_final_completion().choices[0].message.content

    def bad_request(self):
        self.client.chat.completions.create(model=self.model, messages=[])


class Responses:
    finish = {"end": "completed", "length": "max_output_tokens", "tool": "completed"}
    # The dialect has no stop sequences; it has a few things of its own.
    without = ["stop"]
    own = ["structured", "previous"]

    def __init__(self, options):
        import openai

        self.sdk = openai
        self.model = options.model
        url = options.base_url + "/v1"
        self.client = openai.OpenAI(base_url=url, api_key=options.key, max_retries=0, timeout=30)
        self.no_key = openai.OpenAI(base_url=url, api_key="wrong", max_retries=0, timeout=30)

    def ask(self, text, stream=False, system=None, tools=(), choice=None, history=(), **more):
        items = [{"role": "user", "content": text}, *history]
        request = {"model": more.pop("model", self.model), "input": items, **self.limits(more)}
        if system:
            request["instructions"] = system
        if tools:
            request["tools"] = [
                {"type": "function", "name": n, "description": n, "parameters": s, "strict": False}
                for n, s in tools
            ]
        if choice in ("any", "none"):
            request["tool_choice"] = {"any": "required", "none": "none"}[choice]
        elif choice:
            request["tool_choice"] = {"type": "function", "name": choice}
        if stream:
            return self.streamed(request)
        return self.read(self.client.responses.create(**request))

    def limits(self, more):
        names = {"limit": "max_output_tokens", "one_call": "parallel_tool_calls"}
        limits = {names[name]: value for name, value in more.items()}
        if "parallel_tool_calls" in limits:
            limits["parallel_tool_calls"] = False
        return limits

    def streamed(self, request):
        text, arguments, last = "", {}, None
        for number, event in enumerate(self.client.responses.create(stream=True, **request)):
            same(event.sequence_number, number, "the events are numbered")
            true(last is None, "nothing follows the end")
            if event.type == "response.output_text.delta":
                text += event.delta
            elif event.type == "response.function_call_arguments.delta":
                arguments[event.item_id] = arguments.get(event.item_id, "") + event.delta
            elif event.type == "response.output_item.done" and event.item.type == "function_call":
                same(event.item.arguments, arguments[event.item.id], "arguments")
            elif event.type in ("response.completed", "response.incomplete"):
                last = self.read(event.response)
        true(last is not None, "the stream says its end")
        same(last.text, text, "the sum of the deltas")
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
        return Reply(response.output_text, calls, finish, used)

    def after(self, reply, results):
        history = [
            {"type": "function_call", "call_id": i, "name": n, "arguments": json.dumps(a)}
            for i, n, a in reply.calls
        ]
        for (call, _, _), result in zip(reply.calls, results):
            history.append({"type": "function_call_output", "call_id": call, "output": result})
        return history

    def helper_stream(self, text):
        with self.client.responses.stream(model=self.model, input=text) as stream:
            deltas = [event.delta for event in stream if event.type == "response.output_text.delta"]
            return "".join(deltas), stream.get_final_response().output_text

    def structured(self):
        import pydantic

        class City(pydantic.BaseModel):
            name: str
            population: int

        reply = self.client.responses.parse(model=self.model, input="A city", text_format=City)
        true(isinstance(reply.output_parsed, City), reply.output_text)

    def previous(self, model):
        first = self.client.responses.create(model=model, input=HELLO)
        return self.client.responses.create(
            model=model, input=HELLO, previous_response_id=first.id
        )

    def bad_request(self):
        self.client.responses.create(model=self.model, input=[{"role": "nobody", "content": "x"}])


class Anthropic:
    finish = {"end": "end_turn", "length": "max_tokens", "tool": "tool_use", "stop": "stop_sequence"}

    def __init__(self, options):
        import anthropic

        self.sdk = anthropic
        self.model = options.model
        url = options.base_url
        self.client = anthropic.Anthropic(
            base_url=url, api_key=options.key, max_retries=0, timeout=30
        )
        self.no_key = anthropic.Anthropic(base_url=url, api_key="wrong", max_retries=0, timeout=30)

    def ask(self, text, stream=False, system=None, tools=(), choice=None, history=(), **more):
        request = {
            "model": more.get("model", self.model),
            "max_tokens": more.get("limit", 1000),
            "messages": [{"role": "user", "content": text}, *history],
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
        return Reply(text, calls, message.stop_reason, used)

    def after(self, reply, results):
        blocks = [{"type": "text", "text": reply.text}] if reply.text else []
        blocks += [
            {"type": "tool_use", "id": i, "name": n, "input": a} for i, n, a in reply.calls
        ]
        answers = [
            {"type": "tool_result", "tool_use_id": call, "content": result}
            for (call, _, _), result in zip(reply.calls, results)
        ]
        return [{"role": "assistant", "content": blocks}, {"role": "user", "content": answers}]

    def helper_stream(self, text):
        with self.client.messages.stream(
            model=self.model, max_tokens=1000, messages=[{"role": "user", "content": text}]
        ) as stream:
            deltas = "".join(stream.text_stream)
            return deltas, stream.get_final_text()

    def bad_request(self):
        self.client.messages.create(model=self.model, max_tokens=10, messages=[])


class Square:
    """The checks, in no dialect."""

    def __init__(self, dialect, usage, options):
        self.dialect = dialect
        self.usage = usage
        self.options = options
        self.tools = [("get_weather", WEATHER), ("current_time", NOTHING)]

    def both(self, *arguments, **named):
        """A reply and its stream, which must be the same, and the usage of each the mocks' own."""
        whole, truth = self.usage.of(lambda: self.dialect.ask(*arguments, **named))
        self.same_usage(whole, truth)
        streamed, truth = self.usage.of(
            lambda: self.dialect.ask(*arguments, stream=True, **named)
        )
        if self.options.dialect == "anthropic":
            # The stream was asked for twice, raw and folded by the SDK.
            truth = (truth[0] // 2, truth[1] // 2)
        self.same_usage(streamed, truth)
        same(streamed.plain(), whole.plain(), "the stream and the reply")
        return whole

    def same_usage(self, reply, truth):
        if self.usage.urls:
            same(reply.usage, truth, "(prompt, completion) and the mock's count")

    def text(self):
        reply = self.both(HELLO)
        true("Good morning" in reply.text, reply.text)
        same(reply.finish, self.dialect.finish["end"], "finish")
        same(reply.usage[0], 9, "prompt tokens")

    def system(self):
        reply = self.both(HELLO, system="You are terse.")
        same(reply.usage[0], 13, "prompt tokens")

    def turns(self):
        history = [
            {"role": "assistant", "content": "A gateway is a door."},
            {"role": "user", "content": "say: a door of what?"},
        ]
        same(self.both(HELLO, history=history).text, "a door of what?", "text")

    def unicode(self):
        text = "Grüße, 世界! 👋 “quoted” \\ back\tslash"
        same(self.both("say: " + text).text, text, "text")

    def long(self):
        same(self.both("Write 400 words").usage[1], 400, "completion tokens")

    def helper(self):
        deltas, final = self.dialect.helper_stream(HELLO)
        same(deltas, final, "the SDK's deltas and its final text")
        true(len(final) > 20, final)

    def limit(self):
        reply = self.both("Write 100 words", limit=20)
        same((reply.finish, reply.usage[1]), (self.dialect.finish["length"], 20), "cut")

    def stop(self):
        reply = self.both("say: alpha beta gamma", stops=["beta"])
        # OpenAI's wire says `stop` for a natural end and for a stop sequence alike, so behind such a
        # provider nobody can tell an Anthropic client which it was.
        told = "end" if (self.options.provider or self.options.dialect) == "openai" else "stop"
        same((reply.text.strip(), reply.finish), ("alpha", self.dialect.finish[told]), "stopped")

    def single(self):
        reply = self.both(ONE_CITY, tools=self.tools)
        same(reply.finish, self.dialect.finish["tool"], "finish")
        same(reply.plain()[1], [("get_weather", {"city": "Paris"})], "calls")

    def forced(self):
        reply = self.both(HELLO, tools=self.tools, choice="any")
        same(len(reply.calls), 1, "calls")
        reply = self.both(HELLO, tools=self.tools, choice="current_time")
        same(reply.plain()[1], [("current_time", {})], "calls")

    def forbidden(self):
        same(self.both(ONE_CITY, tools=self.tools, choice="none").calls, [], "calls")

    def parallel(self):
        reply = self.both(TWO_CITIES, tools=self.tools)
        expected = [("get_weather", {"city": "Paris"}), ("get_weather", {"city": "London"})]
        same(reply.plain()[1], expected, "calls")
        same(len({call for call, _, _ in reply.calls}), 2, "different ids")

    def parallel_refused(self):
        reply = self.both(TWO_CITIES, tools=self.tools, one_call=True)
        same(reply.plain()[1], [("get_weather", {"city": "Paris"})], "calls")

    def no_arguments(self):
        reply = self.both(CLOCK, tools=self.tools)
        same(reply.plain()[1], [("current_time", {})], "calls")

    def round_trip(self):
        asked = self.dialect.ask(TWO_CITIES, tools=self.tools)
        history = self.dialect.after(asked, ["18 degrees in Paris", "12 degrees in London"])
        reply = self.both(TWO_CITIES, tools=self.tools, history=history)
        true("18 degrees in Paris" in reply.text, reply.text)
        true("12 degrees in London" in reply.text, reply.text)
        same(reply.finish, self.dialect.finish["end"], "finish")

    def no_arguments_round_trip(self):
        asked = self.dialect.ask(CLOCK, tools=self.tools)
        history = self.dialect.after(asked, ["noon"])
        true("noon" in self.both(CLOCK, tools=self.tools, history=history).text, "the result")

    def structured(self):
        self.dialect.structured()

    def previous(self):
        """An earlier answer is known to who gave it; another dialect's provider refuses by name."""
        error = self.refused(lambda: self.dialect.previous(self.options.model))
        same(error.status_code, 400, "status")
        if self.options.provider in (None, "openai"):
            # The mock keeps no answers, and says so itself: the call has reached it.
            true("Previous response not found" in error.message, error.message)
        else:
            same(error.param, "previous_response_id", "param")

    def unknown_model(self):
        error = self.refused(lambda: self.dialect.ask(HELLO, model="missing-model"))
        same(error.status_code, 404, "status")

    def malformed(self):
        same(self.refused(self.dialect.bad_request).status_code, 400, "status")

    def wrong_key(self):
        self.dialect.client, kept = self.dialect.no_key, self.dialect.client
        try:
            error = self.refused(lambda: self.dialect.ask(HELLO))
        finally:
            self.dialect.client = kept
        same((error.status_code, type(error).__name__), (401, "AuthenticationError"), "error")

    def refused(self, call):
        try:
            call()
        except self.dialect.sdk.APIStatusError as error:
            true(isinstance(error.body, dict), f"an error object, not {error.body!r}")
            return error
        raise AssertionError("was not refused")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--base-url", required=True, help="without /v1")
    parser.add_argument("--dialect", required=True, choices=["openai", "responses", "anthropic"])
    parser.add_argument("--model", required=True)
    parser.add_argument("--key", default="demo")
    parser.add_argument("--provider", choices=["openai", "anthropic"],
                        help="the dialect of the provider behind the model; defaults to --dialect")
    parser.add_argument("--stats", action="append", metavar="URL",
                        help="a mock's address, once per mock; the base URL when not given")
    parser.add_argument("--no-stats", action="store_true", help="do not compare usage")
    parser.add_argument("--check-key", action="store_true",
                        help="check that a wrong key is refused")
    options = parser.parse_args()
    options.base_url = options.base_url.rstrip("/")
    urls = [] if options.no_stats else options.stats or [options.base_url]
    dialect = {"openai": OpenAi, "responses": Responses, "anthropic": Anthropic}[options.dialect](options)
    square = Square(dialect, Usage([url.rstrip("/") for url in urls]), options)
    names = ["text", "system", "turns", "unicode", "long", "helper", "limit", "stop", "single",
             "forced", "forbidden", "parallel", "parallel_refused", "no_arguments", "round_trip",
             "no_arguments_round_trip", "unknown_model", "malformed"]
    names = [name for name in names if name not in getattr(dialect, "without", ())]
    names += getattr(dialect, "own", ())
    if options.check_key:
        names.append("wrong_key")
    checks = Checks()
    for name in names:
        checks.run(f"{options.dialect} {options.model} {name}", getattr(square, name))
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
