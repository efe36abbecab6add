#!/usr/bin/env python3
"""Drive pydantic-ai, through its model for each dialect, against providers of each.

Bedrock's client sends a bearer token over TLS only: GATEWAY_SECURE_URL is the same gateway there.
"""

import asyncio
import os
import sys

from anthropic import AsyncAnthropic
from google.genai.types import HttpRetryOptions
from openai import AsyncOpenAI
from pydantic import BaseModel
from pydantic_ai import Agent, ModelHTTPError, NativeOutput, ToolOutput
from pydantic_ai.models.anthropic import AnthropicModel
from pydantic_ai.models.bedrock import BedrockConverseModel
from pydantic_ai.models.google import GoogleModel
from pydantic_ai.models.openai import OpenAIChatModel, OpenAIResponsesModel
from pydantic_ai.providers.anthropic import AnthropicProvider
from pydantic_ai.providers.bedrock import BedrockProvider
from pydantic_ai.providers.google import GoogleProvider
from pydantic_ai.providers.openai import OpenAIProvider

from checks import Checks, Usage, options, same, true
from clients.amazon import Converse
from square import CLOCK, DIALECTS, HELLO, SIGNS_THOUGHTS, TWO_CITIES

BUDGET = {"type": "enabled", "budget_tokens": 1024}
THINKING = {
    "chat": {"openai_reasoning_effort": "low"},
    "responses": {"openai_reasoning_effort": "low", "openai_reasoning_summary": "auto"},
    "messages": {"anthropic_thinking": BUDGET, "max_tokens": 4000},
    "gemini": {"google_thinking_config": {"include_thoughts": True, "thinking_budget": 1024}},
    "converse": {
        "bedrock_additional_model_requests_fields": {"thinking": BUDGET},
        "max_tokens": 4000,
    },
}
PROFILES = {
    "responses": {"openai_supports_encrypted_reasoning_content": True},
    "converse": {"bedrock_send_back_thinking_parts": True},
}


class City(BaseModel):
    name: str
    population: int


class PydanticAi:
    def __init__(self, base_url, key, usage, loop):
        self.loop = loop
        self.base_url = base_url
        self.key = key
        self.usage = usage

    def model(self, dialect, name, key=None, profile=None):
        key = key or self.key
        if dialect in ("chat", "responses"):
            made = {"chat": OpenAIChatModel, "responses": OpenAIResponsesModel}[dialect]
            client = AsyncOpenAI(base_url=self.base_url + "/v1", api_key=key, max_retries=0)
            provider = OpenAIProvider(openai_client=client)
            return made(name, provider=provider, profile=profile)
        if dialect == "messages":
            client = AsyncAnthropic(base_url=self.base_url, api_key=key, max_retries=0)
            return AnthropicModel(name, provider=AnthropicProvider(anthropic_client=client))
        if dialect == "gemini":
            once = HttpRetryOptions(attempts=1)
            provider = GoogleProvider(api_key=key, base_url=self.base_url, retry_options=once)
            return GoogleModel(name, provider=provider)
        # Its certificate lies in a file that lives as long as it does.
        self.amazon = Converse(os.environ["GATEWAY_SECURE_URL"], key, name)
        provider = BedrockProvider(bedrock_client=self.amazon.client)
        return BedrockConverseModel(name, provider=provider, profile=profile)

    def agent(self, dialect, provider, calls=None, thinks=False, **more):
        if thinks:
            # What it knows by their names of models that think.
            model = self.model(dialect, f"thinking-{provider}", profile=PROFILES.get(dialect))
            more["model_settings"] = THINKING[dialect]
        else:
            model = self.model(dialect, f"on-{provider}")
        agent = Agent(model, retries=0, **more)
        if calls is not None:

            @agent.tool_plain
            def get_weather(city: str) -> str:
                """The weather of a city."""
                calls.append(city)
                return f"18 degrees in {city}"

            @agent.tool_plain
            def current_time() -> str:
                """The time."""
                calls.append("time")
                return "noon"

        return agent

    def both(self, agent, question):
        """A run and its stream, which must be the same."""
        whole = self.counted(lambda: agent.run(question))

        async def streamed():
            async with agent.run_stream(question) as result:
                await result.get_output()
                return result

        streamed = self.counted(streamed)
        output = self.loop.run(streamed.get_output())
        same(output, whole.output, "the stream and the run")
        return output

    def counted(self, call):
        result, truth = self.usage.of(lambda: self.loop.run(call()))
        used = result.usage
        same((used.input_tokens, used.output_tokens), truth, "usage and the mock's count")
        return result

    def text(self, dialect, provider):
        output = self.both(self.agent(dialect, provider, instructions="You are terse."), HELLO)
        true("Good morning" in output, output)

    def tools(self, dialect, provider):
        for question, made, answers in [
            (TWO_CITIES, ["London", "Paris"], ["18 degrees in Paris", "18 degrees in London"]),
            (CLOCK, ["time"], ["noon"]),
        ]:
            calls = []
            output = self.both(self.agent(dialect, provider, calls), question)
            true(all(answer in output for answer in answers), output)
            # They run side by side.
            same(sorted(calls), sorted(made * 2), "calls")

    def replay(self, dialect, provider):
        """What a model signed comes back to it with the results of its calls."""
        agent = self.agent(dialect, provider, [], thinks=True)

        async def streamed():
            async with agent.run_stream(TWO_CITIES) as result:
                await result.get_output()
                return result

        for run in (lambda: agent.run(TWO_CITIES), streamed):
            result, proofs = self.usage.proofs(lambda: self.loop.run(run()))
            same(proofs, int(provider in SIGNS_THOUGHTS), "proofs that came back")
            messages = result.all_messages()
            thoughts = [p.content for m in messages for p in m.parts if p.part_kind == "thinking"]
            true("The user wants" in "".join(thoughts), f"thought: {thoughts}")

    def structured(self, dialect, provider):
        # The models it knows by name can do more than those it does not.
        knows = self.model(dialect, f"on-{provider}").profile.get("supports_json_schema_output")
        for kind in (NativeOutput, ToolOutput) if knows else (ToolOutput,):
            # Nor does it force the call where it does not know that it may.
            agent = self.agent(dialect, provider, output_type=kind(City))
            output = self.both(agent, "A city. Call the tool final_result.")
            true(isinstance(output, City), f"{kind.__name__}: {output!r}")

    def errors(self, dialect, provider):
        for status, model in [
            (404, lambda: self.model(dialect, "missing-model")),
            (429, lambda: self.model(dialect, f"limited-{provider}")),
            (401, lambda: self.model(dialect, f"on-{provider}", key="wrong")),
        ]:
            try:
                self.loop.run(Agent(model(), retries=0).run(HELLO))
            except ModelHTTPError as error:
                same(error.status_code, status, str(error))
            else:
                raise AssertionError(f"{status} was not refused")


def main():
    given = options(__doc__.splitlines()[0])
    checks = Checks()
    with asyncio.Runner() as loop:
        ai = PydanticAi(given.base_url, given.key, Usage([given.stats]), loop)
        for dialect in DIALECTS:
            for provider in DIALECTS:
                for name in ["text", "tools", "replay", "structured", "errors"]:
                    check = getattr(ai, name)
                    checks.run(f"pydantic-ai {dialect} on {provider}: {name}",
                               lambda: check(dialect, provider))
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
