#!/usr/bin/env python3
"""Drive LangChain, through its package for each vendor, against providers of each dialect.

Bedrock's client sends a bearer token over TLS only: GATEWAY_SECURE_URL is the same gateway there.
"""

import os
import sys

from langchain_anthropic import ChatAnthropic
from langchain_aws import ChatBedrockConverse
from langchain_core.messages import HumanMessage, ToolMessage
from langchain_core.tools import tool
from langchain_google_genai import ChatGoogleGenerativeAI, GoogleGenerativeAIEmbeddings
from langchain_openai import ChatOpenAI, OpenAIEmbeddings
from pydantic import BaseModel

from checks import Checks, Usage, options, same, true
from clients.amazon import Converse
from square import CLOCK, DIALECTS, EMBEDS, HELLO, ONE_CITY, SIGNS_THOUGHTS, TWO_CITIES


class City(BaseModel):
    """A city."""

    name: str
    population: int


@tool
def get_weather(city: str) -> str:
    """The weather of a city."""
    return f"18 degrees in {city}"


@tool
def current_time() -> str:
    """The time."""
    return "noon"


TOOLS = {"get_weather": get_weather, "current_time": current_time}
BUDGET = {"type": "enabled", "budget_tokens": 1024}
THINKING = {
    "chat": {"reasoning_effort": "low"},
    "responses": {
        "reasoning": {"effort": "low", "summary": "auto"},
        "include": ["reasoning.encrypted_content"],
        "store": False,
    },
    "messages": {"thinking": BUDGET},
    "gemini": {"include_thoughts": True, "thinking_budget": 1024},
    "converse": {"additional_model_request_fields": {"thinking": BUDGET}},
}


def results(reply):
    """What the tools say that a model called."""
    return [
        ToolMessage(TOOLS[call["name"]].invoke(call["args"]), tool_call_id=call["id"],
                    name=call["name"])
        for call in reply.tool_calls
    ]


class LangChain:
    def __init__(self, base_url, key, usage):
        self.base_url = base_url
        self.key = key
        self.usage = usage
        self.amazon = []

    def model(self, dialect, name, key=None, **more):
        key = key or self.key
        if dialect in ("chat", "responses"):
            return ChatOpenAI(
                model=name, base_url=self.base_url + "/v1", api_key=key, max_retries=0,
                use_responses_api=dialect == "responses", stream_usage=True, **more,
            )
        if dialect == "messages":
            return ChatAnthropic(
                model=name, base_url=self.base_url, api_key=key, max_retries=0, max_tokens=4000,
                **more,
            )
        if dialect == "converse":
            # Its certificate lies in a file that lives as long as it does.
            amazon = Converse(os.environ["GATEWAY_SECURE_URL"], key, name)
            self.amazon.append(amazon)
            # It knows by their names what models can do, and must be told of others.
            return ChatBedrockConverse(
                model=name, client=amazon.client, bedrock_client=amazon.client, max_tokens=4000,
                disable_streaming=False, supports_tool_choice_values=("auto", "any", "tool"), **more,
            )
        return ChatGoogleGenerativeAI(
            model=name, base_url=self.base_url, google_api_key=key, max_retries=1, vertexai=False,
            **more,
        )

    def embeddings(self, dialect, name):
        if dialect == "chat":
            # Otherwise it would fetch a tokenizer, and send numbers.
            return OpenAIEmbeddings(
                model=name, base_url=self.base_url + "/v1", api_key=self.key, dimensions=8,
                check_embedding_ctx_length=False,
            )
        return GoogleGenerativeAIEmbeddings(
            model=name, base_url=self.base_url, google_api_key=self.key, vertexai=False,
            output_dimensionality=8,
        )

    def both(self, model, said):
        """A reply and its stream, which must be the same."""
        whole = self.counted(lambda: model.invoke(said))
        folded = self.counted(lambda: self.streamed(model, said))
        same(folded.text, whole.text, "the text of the stream and of the reply")
        calls = [[(c["name"], c["args"]) for c in m.tool_calls] for m in (folded, whole)]
        same(calls[0], calls[1], "the calls of the stream and of the reply")
        return whole

    def streamed(self, model, said):
        chunks = list(model.stream(said))
        folded = chunks[0]
        for chunk in chunks[1:]:
            folded += chunk
        return folded

    def counted(self, call):
        reply, truth = self.usage.of(call)
        used = reply.usage_metadata
        same((used["input_tokens"], used["output_tokens"]), truth, "usage and the mock's count")
        return reply

    def text(self, dialect, provider):
        reply = self.both(self.model(dialect, f"on-{provider}"), HELLO)
        true("Good morning" in reply.text, reply.text)

    def tools(self, dialect, provider):
        model = self.model(dialect, f"on-{provider}").bind_tools(list(TOOLS.values()))
        for question, number, answers in [
            (ONE_CITY, 1, ["18 degrees in Paris"]),
            (TWO_CITIES, 2, ["18 degrees in Paris", "18 degrees in London"]),
            (CLOCK, 1, ["noon"]),
        ]:
            said = [HumanMessage(question)]
            reply = self.both(model, said)
            same(len(reply.tool_calls), number, "calls")
            said += [reply, *results(reply)]
            text = self.both(model, said).text
            true(all(answer in text for answer in answers), text)

    def replay(self, dialect, provider):
        """What a model signed comes back to it with the results of its calls."""
        model = self.model(dialect, f"thinking-{provider}", **THINKING[dialect])
        model = model.bind_tools(list(TOOLS.values()))
        for ask in (model.invoke, lambda said: self.streamed(model, said)):
            said = [HumanMessage(TWO_CITIES)]
            reply = ask(said)
            thoughts = [b for b in reply.content_blocks if b["type"] == "reasoning"]
            # Of what is thought, OpenAI's Chat has nothing to show.
            text = "".join(block.get("reasoning", "") for block in thoughts)
            true("The user wants" in text or dialect == "chat", f"thought: {thoughts!r}")
            said += [reply, *results(reply)]
            last, proofs = self.usage.proofs(lambda: ask(said))
            same(proofs, int(provider in SIGNS_THOUGHTS), "proofs that came back")
            true("18 degrees in London" in last.text, last.text)

    def forced(self, dialect, provider):
        model = self.model(dialect, f"on-{provider}")
        model = model.bind_tools(list(TOOLS.values()), tool_choice="current_time")
        same([c["name"] for c in self.both(model, HELLO).tool_calls], ["current_time"], "calls")

    def structured(self, dialect, provider):
        model = self.model(dialect, f"on-{provider}")
        for method in ("json_schema", "function_calling"):
            city = model.with_structured_output(City, method=method).invoke("A city")
            true(isinstance(city, City), f"{method}: {city!r}")

    def errors(self, dialect, provider):
        for status, model in [
            (401, self.model(dialect, f"on-{provider}", key="wrong")),
            (404, self.model(dialect, "missing-model")),
            (429, self.model(dialect, f"limited-{provider}")),
        ]:
            try:
                model.invoke(HELLO)
            except Exception as error:  # noqa: BLE001 - each vendor's SDK has its own
                source = error.__cause__ if dialect == "gemini" else error
                got = getattr(source, "status_code", None) or getattr(source, "code", None)
                if dialect == "converse":
                    got = source.response["ResponseMetadata"]["HTTPStatusCode"]
                same(got, status, f"{type(error).__name__}: {error}")
            else:
                raise AssertionError(f"{status} was not refused")

    def embed(self, dialect, provider):
        vectors = self.embeddings(dialect, f"on-{provider}").embed_documents(["a text", "another"])
        same([len(vector) for vector in vectors], [8, 8], "size of the vectors")


def main():
    given = options(__doc__.splitlines()[0])
    checks = Checks()
    chain = LangChain(given.base_url, given.key, Usage([given.stats]))
    for dialect in DIALECTS:
        for provider in DIALECTS:
            names = ["text", "tools", "replay", "forced", "structured", "errors"]
            if dialect in EMBEDS and provider in EMBEDS:
                names.append("embed")
            for name in names:
                check = getattr(chain, name)
                checks.run(f"langchain {dialect} on {provider}: {name}",
                           lambda: check(dialect, provider))
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
