#!/usr/bin/env python3
"""WebSockets by clients that are not ours: OpenAI's SDK, and the `websockets` it is made with."""

import json
import sys

import openai
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from checks import Checks, Usage, options, same, true

DIALECTS = ["chat", "responses", "messages", "gemini", "converse"]
HELLO = "Good morning! Tell me something about gateways."


class Sockets:
    def __init__(self, base_url, key, usage):
        self.url = base_url + "/v1"
        self.key = key
        self.usage = usage
        self.client = self.with_key(key)

    def with_key(self, key):
        return openai.OpenAI(base_url=self.url, api_key=key, max_retries=0, timeout=30)

    # Realtime

    def session(self, kind, model="on-chat"):
        """The text and the usage of an answer, written or spoken."""
        with self.client.realtime.connect(model=model) as connection:
            same(connection.recv().type, "session.created", "the first event")
            connection.session.update(session={
                "type": "realtime", "model": model, "output_modalities": [kind],
            })
            updated = connection.recv()
            same(updated.type, "session.updated", "the answer to an update")
            same(updated.session.output_modalities, [kind], "what was updated")
            connection.conversation.item.create(item={
                "type": "message", "role": "user",
                "content": [{"type": "input_text", "text": HELLO}],
            })
            connection.response.create()
            deltas, sound = "", ""
            for event in connection:
                if event.type in ("response.output_text.delta",
                                  "response.output_audio_transcript.delta"):
                    deltas += event.delta
                elif event.type == "response.output_audio.delta":
                    sound += event.delta
                elif event.type == "response.done":
                    same(event.response.status, "completed", "the end")
                    usage = event.response.usage
                    return deltas, sound, (usage.input_tokens, usage.output_tokens)

    def realtime_text(self):
        (text, sound, usage), truth = self.usage.of(lambda: self.session("text"))
        true("Good morning" in text, text)
        same(sound, "", "sound")
        same(usage, truth, "(prompt, completion) and the mock's count")

    def realtime_audio(self):
        (text, sound, usage), truth = self.usage.of(lambda: self.session("audio"))
        true("Good morning" in text and sound, text)
        same(usage, truth, "(prompt, completion) and the mock's count")

    def realtime_mistake(self):
        """What a provider says of a client's mistake is an event, and the session goes on."""
        with self.client.realtime.connect(model="on-chat") as connection:
            connection.recv()
            connection.input_audio_buffer.commit()
            same(connection.recv().type, "error", "an error")
            connection.session.update(session={"type": "realtime", "instructions": "Be kind."})
            same(connection.recv().type, "session.updated", "the session goes on")

    def realtime_refusals(self):
        for client, model, status in [
            (self.with_key("wrong"), "on-chat", 401),
            (self.client, "missing-model", 404),
            (self.client, "on-messages", 400),
            (self.client, "limited-chat", 429),
        ]:
            refused = self.refused(lambda: client.realtime.connect(model=model).enter())
            same(refused.status_code, status, f"the status of {model}")
            error = json.loads(refused.body)["error"]
            true(isinstance(error["message"], str) and "type" in error, f"an error, not {error}")

    # Responses

    def turn(self, connection, **request):
        connection.response.create(**request)
        deltas = ""
        for event in connection:
            if event.type == "response.output_text.delta":
                deltas += event.delta
            elif event.type == "response.completed":
                same(event.response.output_text, deltas, "the sum of the deltas")
                return event.response
            elif event.type == "error":
                return event

    def responses(self):
        """One conversation over one connection, and each answer by a provider of another dialect."""

        def talk():
            with self.client.responses.connect() as connection:
                answers = [self.turn(connection, model=f"on-{dialect}", input=HELLO, store=False)
                           for dialect in DIALECTS]
            for answer in answers:
                true("Good morning" in answer.output_text, answer.output_text)
            used = [(answer.usage.input_tokens, answer.usage.output_tokens) for answer in answers]
            return tuple(map(sum, zip(*used)))

        used, truth = self.usage.of(talk)
        same(used, truth, "(prompt, completion) and the mock's count")

    def responses_continued(self):
        with self.client.responses.connect() as connection:
            first = self.turn(connection, model="on-chat", input="say: one", store=False)
            last = self.turn(connection, model="on-messages", input="say: two", store=False,
                             previous_response_id=first.id)
        same((first.output_text, last.output_text), ("one", "two"), "the answers")
        true(last.usage.input_tokens > first.usage.input_tokens, "the first turn is sent along")

    def responses_refusals(self):
        with self.client.responses.connect() as connection:
            error = self.turn(connection, model="missing-model", input=HELLO)
            same((error.type, error.error.code), ("error", "model_not_found"), "an error")
            answer = self.turn(connection, model="on-chat", input="say: still here", store=False)
            same(answer.output_text, "still here", "the connection goes on")
        wrong = self.with_key("wrong")
        refused = self.refused(lambda: wrong.responses.connect().enter())
        same(refused.status_code, 401, "the status of a wrong key")

    # WebSockets as such

    def plain(self, path, **options):
        headers = {"Authorization": f"Bearer {self.key}"}
        url = self.url.replace("http", "ws", 1) + path
        return connect(url, additional_headers=headers, proxy=None, **options)

    def frames(self):
        """Fragments are one message, pings are answered, and nothing is compressed."""
        for path, say in [
            ("/responses", {"type": "response.create", "generate": False, "input": "x", "model": "on-chat"}),
            ("/realtime?model=on-chat", {"type": "session.update", "session": {}}),
        ]:
            with self.plain(path) as socket:
                same(socket.protocol.extensions, [], "extensions")
                text = json.dumps(say)
                socket.send(iter([text[:5], text[5:9], text[9:]]))
                true(socket.ping().wait(10), "a pong")
                answer = json.loads(socket.recv(timeout=10))
                true(answer["type"] in ("session.created", "response.created"), str(answer))
                socket.close(1000, "bye")
                same((socket.close_code, socket.close_reason), (1000, "bye"), "the close")

    def too_long(self):
        for path in ["/responses", "/realtime?model=on-chat"]:
            with self.plain(path) as socket:
                try:
                    socket.send("a" * (4 * 1024 * 1024 + 1))
                    while True:
                        socket.recv(timeout=30)
                except ConnectionClosed as closed:
                    same(closed.rcvd and closed.rcvd.code, 1009, "the code")

    def refused(self, call):
        try:
            call()
        except InvalidStatus as error:
            return error.response
        raise AssertionError("was not refused")


CHECKS = ["realtime_text", "realtime_audio", "realtime_mistake", "realtime_refusals", "responses",
          "responses_continued", "responses_refusals", "frames", "too_long"]


def main():
    told, checks = options(__doc__), Checks()
    sockets = Sockets(told.base_url.rstrip("/"), told.key, Usage([told.stats]))
    for name in CHECKS:
        checks.run(f"sockets: {name}", getattr(sockets, name))
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
