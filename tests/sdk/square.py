#!/usr/bin/env python3
"""Drive one dialect's official SDK against providers of each dialect, and check what comes back.

The server is a gateway in front of mocks, with a model `on-DIALECT` for each dialect of a provider,
a model `thinking-DIALECT` of a name that says how it thinks, and a model `limited-DIALECT` whose
provider is out of quota. Checked are text, streams against
replies, tool calls (single, parallel, forced, without arguments, their results), thinking and what
signs it, images, structured output, limits, errors, and usage against the mocks' own account at `/__stats`, to the token.

    square.py --base-url http://127.0.0.1:8080 --key demo --stats http://127.0.0.1:9001 chat
    square.py … --provider gemini converse

One line per check, then `N passed, N failed`; the exit code is 1 when a check failed.
"""

import argparse
import struct
import sys
import zlib
from base64 import b64encode

from checks import Checks, Usage, same, true
from clients import client

DIALECTS = ["chat", "responses", "messages", "gemini", "converse"]
WEATHER = {
    "type": "object",
    "properties": {"city": {"type": "string", "description": "The city"}},
    "required": ["city"],
}
NOTHING = {"type": "object", "properties": {}}
TOOLS = [("get_weather", WEATHER), ("current_time", NOTHING)]
HELLO = "Good morning! Tell me something about gateways."
ONE_CITY = "What is the weather in Paris?"
TWO_CITIES = "What is the weather in Paris and in London?"
BOTH = [("get_weather", {"city": "Paris"}), ("get_weather", {"city": "London"})]
RESULTS = ["18 degrees in Paris", "12 degrees in London"]
CLOCK = "Please call the tool current_time."
CHECKS = ["text", "system", "turns", "unicode", "long", "helper", "limit", "stop", "single",
          "forced", "forbidden", "parallel", "parallel_refused", "no_arguments", "round_trip",
          "no_arguments_round_trip", "thinking", "replay", "image", "structured", "unknown_model", "malformed",
          "wrong_key", "limited"]
# What differs by the provider is a loss the gateway names, and the reason why a check expects less.
TELLS_STOP_SEQUENCES = ["messages", "converse"]
KNOWS_STOP_SEQUENCES = ["chat", "messages", "gemini", "converse"]
CAN_FORBID_PARALLEL = ["chat", "responses", "messages"]
EMBEDS = ["chat", "gemini"]
SIGNS_THOUGHTS = ["responses", "messages", "gemini", "converse"]


def png():
    """One white pixel."""

    def chunk(kind, data):
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    head = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    pixel = zlib.compress(b"\0\xff\xff\xff")
    file = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixel) + chunk(b"IEND", b"")
    return b64encode(file).decode()


class Square:
    """The checks, in no dialect."""

    def __init__(self, dialect, key, provider, usage):
        self.dialect = dialect
        self.key = key
        self.provider = provider
        self.usage = usage

    def both(self, *arguments, **named):
        """A reply and its stream, which must be the same, and the usage of each the mocks' own."""
        ask = self.dialect.ask
        whole, truth = self.usage.of(lambda: ask(*arguments, **named))
        same(whole.usage, truth, "(prompt, completion) and the mock's count")
        streamed, truth = self.usage.of(lambda: ask(*arguments, stream=True, **named))
        times = getattr(self.dialect, "streams", 1)
        truth = (truth[0] // times, truth[1] // times)
        same(streamed.usage, truth, "(prompt, completion) of the stream and the mock's count")
        same(streamed.plain(), whole.plain(), "the stream and the reply")
        return whole

    def ends(self, reply, how):
        same(reply.finish, self.dialect.finish[how], "finish")

    def text(self):
        reply = self.both(HELLO)
        true("Good morning" in reply.text, reply.text)
        self.ends(reply, "end")
        same(reply.usage[0], 9, "prompt tokens")

    def system(self):
        same(self.both(HELLO, system="You are terse.").usage[0], 13, "prompt tokens")

    def turns(self):
        history = self.dialect.turns("A gateway is a door.", "say: a door of what?")
        same(self.both(HELLO, history=history).text, "a door of what?", "text")

    def unicode(self):
        text = "Grüße, 世界! 👋 “quoted” \\ back\tslash"
        same(self.both("say: " + text).text, text, "text")

    def long(self):
        same(self.both("Write 150 words").usage[1], 150, "completion tokens")

    def helper(self):
        deltas, final = self.dialect.helper_stream(HELLO)
        same(deltas, final, "the SDK's deltas and its final text")
        true(len(final) > 20, final)

    def limit(self):
        reply = self.both("Write 100 words", limit=20)
        self.ends(reply, "length")
        same(reply.usage[1], 20, "completion tokens")

    def stop(self):
        reply = self.both("say: alpha beta gamma", stops=["beta"])
        known = self.provider in KNOWS_STOP_SEQUENCES
        same(reply.text.strip(), "alpha" if known else "alpha beta gamma", "text")
        # Where a provider says the same of a natural end, nobody can tell a client which it was.
        self.ends(reply, "stop" if self.provider in TELLS_STOP_SEQUENCES else "end")

    def single(self):
        reply = self.both(ONE_CITY, tools=TOOLS)
        self.ends(reply, "tool")
        same(reply.plain()[1], BOTH[:1], "calls")

    def forced(self):
        reply = self.both(HELLO, tools=TOOLS, choice="any")
        same(len(reply.calls), 1, "calls")
        reply = self.both(HELLO, tools=TOOLS, choice="current_time")
        same(reply.plain()[1], [("current_time", {})], "calls")
        self.ends(reply, "tool")

    def forbidden(self):
        same(self.both(ONE_CITY, tools=TOOLS, choice="none").calls, [], "calls")

    def parallel(self):
        reply = self.both(TWO_CITIES, tools=TOOLS)
        same(reply.plain()[1], BOTH, "calls")
        same(len({call for call, _, _ in reply.calls}), 2, "different ids")

    def parallel_refused(self):
        reply = self.both(TWO_CITIES, tools=TOOLS, one_call=True)
        number = 1 if self.provider in CAN_FORBID_PARALLEL else 2
        same(reply.plain()[1], BOTH[:number], "calls")

    def no_arguments(self):
        reply = self.both(CLOCK, tools=TOOLS)
        same(reply.plain()[1], [("current_time", {})], "calls")

    def round_trip(self):
        asked = self.dialect.ask(TWO_CITIES, tools=TOOLS)
        history = self.dialect.after(asked, RESULTS)
        reply = self.both(TWO_CITIES, tools=TOOLS, history=history)
        true(all(result in reply.text for result in RESULTS), reply.text)
        self.ends(reply, "end")

    def no_arguments_round_trip(self):
        asked = self.dialect.ask(CLOCK, tools=TOOLS)
        history = self.dialect.after(asked, ["noon"])
        true("noon" in self.both(CLOCK, tools=TOOLS, history=history).text, "the result")

    def thinking(self):
        asked = {"thinking": True, "model": f"thinking-{self.provider}"}
        reply = self.both(HELLO, **asked)
        true("The user wants" in reply.thought, f"thought: {reply.thought!r}")
        true("Good morning" in reply.text, reply.text)
        self.ends(reply, "end")
        history = reply.said + self.dialect.turns("", "say: as you said")[1:]
        same(self.both(HELLO, history=history, **asked).text, "as you said", "text")

    def replay(self):
        """What a model signed comes back to it with the results of its calls, as it was said."""
        for stream in (False, True):
            asked = self.thinks(stream)
            true("The user wants" in asked.thought, f"thought: {asked.thought!r}")
            same(asked.plain()[1], BOTH, "calls")
            self.proven(asked.said + self.dialect.answers(asked, RESULTS), stream)
            if hasattr(self.dialect, "forgets"):
                self.proven(self.dialect.after(asked, RESULTS), stream)

    def thinks(self, stream, history=()):
        return self.dialect.ask(TWO_CITIES, tools=TOOLS, thinking=True, stream=stream,
                                history=history, model=f"thinking-{self.provider}")

    def proven(self, history, stream):
        reply, proofs = self.usage.proofs(lambda: self.thinks(stream, history))
        true(all(result in reply.text for result in RESULTS), reply.text)
        times = getattr(self.dialect, "streams", 1) if stream else 1
        signed = self.provider in SIGNS_THOUGHTS
        same(proofs, times if signed else 0, "proofs that came back")

    def image(self):
        true("Good morning" in self.both(HELLO, image=png()).text, "an answer")

    def documents(self):
        reply = self.dialect.ask(HELLO, document=b"%PDF-1.4 nothing in it")
        true("Good morning" in reply.text, "an answer")

    def structured(self):
        city = self.dialect.structured("A city")
        city = city if isinstance(city, dict) else city.model_dump()
        same({key: type(value) for key, value in city.items()},
             {"name": str, "population": int}, "the schema")

    def embeddings(self):
        texts = ["one text", "another text, and longer"]
        if self.provider not in EMBEDS:
            error = self.refused(lambda: self.dialect.embed(texts, self.dialect.model, 8))
            true(self.dialect.status(error) in (400, 404), "refused as a client's mistake")
            return
        vectors, counted = self.dialect.embed(texts, self.dialect.model, 8)
        same([len(vector) for vector in vectors], [8, 8], "size of the vectors")
        true(vectors[0] != vectors[1], "different texts, different vectors")
        for vector in vectors:
            true(abs(sum(value * value for value in vector) - 1) < 1e-5, "of length one")
        # Gemini does not say what it counted.
        true(counted in (None, 7) or self.provider == "gemini", f"{counted} prompt tokens")

    def count(self):
        true(self.dialect.count(HELLO) > 0, "a count")

    def models(self):
        true(self.dialect.model in self.dialect.models(), "the model is listed")

    def previous(self):
        """An earlier answer is known to who gave it; another dialect's provider refuses by name."""
        error = self.refused(lambda: self.dialect.previous(HELLO))
        same(error.status_code, 400, "status")
        if self.provider == "responses":
            # The mock keeps no answers, and says so itself: the call has reached it.
            true("Previous response not found" in error.message, error.message)
        else:
            same(error.param, "previous_response_id", "param")

    def slashes(self):
        """A target has a slash in its name; the SDK escapes it to one segment of the path."""
        reply = self.dialect.ask(HELLO, model=f"{self.provider}/mock-small")
        true("Good morning" in reply.text, reply.text)

    def signed(self):
        self.fails(401, lambda: self.dialect.signed(HELLO))

    def unknown_model(self):
        self.fails(404, lambda: self.dialect.ask(HELLO, model="missing-model"))
        self.fails(404, lambda: self.dialect.ask(HELLO, model="missing-model", stream=True))

    def malformed(self):
        self.fails(400, self.dialect.bad_request)

    def wrong_key(self):
        self.dialect.client = self.dialect.connect("wrong")
        try:
            self.fails(401, lambda: self.dialect.ask(HELLO))
        finally:
            self.dialect.client = self.dialect.connect(self.key)

    def limited(self):
        model = f"limited-{self.provider}"
        self.fails(429, lambda: self.dialect.ask(HELLO, model=model))
        self.fails(429, lambda: self.dialect.ask(HELLO, model=model, stream=True))

    def fails(self, status, call):
        """Fails as the SDK's own error for the status, which finds in the body what it looks for."""
        error = self.refused(call)
        same(self.dialect.status(error), status, "status")
        same(type(error).__name__, self.dialect.errors[status], "the SDK's error")

    def refused(self, call):
        try:
            call()
        except self.dialect.error as error:
            return error
        raise AssertionError("was not refused")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--base-url", required=True, help="the gateway, without a path")
    parser.add_argument("--key", default="demo")
    parser.add_argument("--stats", action="append", metavar="URL", required=True,
                        help="a mock's address, once per mock")
    parser.add_argument("--provider", action="append", choices=DIALECTS,
                        help="the dialect of a provider; all when not given")
    parser.add_argument("dialect", choices=DIALECTS, help="the client's dialect")
    options = parser.parse_args()
    made, usage, checks = client(options.dialect), Usage(options.stats), Checks()
    for provider in options.provider or DIALECTS:
        dialect = made(options.base_url.rstrip("/"), options.key, f"on-{provider}")
        square = Square(dialect, options.key, provider, usage)
        names = [name for name in CHECKS if name not in getattr(dialect, "without", ())]
        names += ["models"] if hasattr(dialect, "models") else []
        for name in names + getattr(dialect, "own", []):
            checks.run(f"{options.dialect} on {provider}: {name}", getattr(square, name))
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
