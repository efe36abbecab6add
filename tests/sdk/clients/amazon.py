"""Amazon's SDK, in Converse.

A gateway takes its clients' keys as bearer tokens, which the SDK reads from the environment as it
reads a Bedrock API key, and sends over TLS only. A signature that the gateway cannot check is no
key: the signed call is refused.
"""

import base64
import json
import os
import ssl
import tempfile
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from checks import Reply, same, true

TOKEN = "AWS_BEARER_TOKEN_BEDROCK"
CITY = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "population": {"type": "integer"}},
    "required": ["name", "population"],
    "additionalProperties": False,
}


class Converse:
    finish = {"end": "end_turn", "length": "max_tokens", "tool": "tool_use", "stop": "stop_sequence"}
    # The dialect cannot ask for one call at most.
    without = ["parallel_refused", "helper"]
    own = ["documents", "slashes", "signed"]
    error = ClientError
    errors = {
        400: "ValidationException",
        401: "AccessDeniedException",
        404: "ResourceNotFoundException",
        429: "ThrottlingException",
    }

    def __init__(self, base_url, key, model):
        self.model = model
        self.base_url = base_url
        address = urlsplit(base_url)
        pem = ssl.get_server_certificate((address.hostname, address.port))
        self.certificate = tempfile.NamedTemporaryFile("w", suffix=".pem")
        self.certificate.write(pem)
        self.certificate.flush()
        self.client = self.connect(key)

    def connect(self, key):
        # The SDK looks here at each call.
        os.environ[TOKEN] = key
        return self.made()

    def made(self, **credentials):
        return boto3.client(
            "bedrock-runtime",
            region_name="us-east-1",
            endpoint_url=self.base_url,
            verify=self.certificate.name,
            config=Config(retries={"total_max_attempts": 1}, read_timeout=30),
            **credentials,
        )

    def ask(self, text, stream=False, system=None, tools=(), choice=None, history=(), image=None,
            document=None, **more):
        content = [{"text": text}]
        if image:
            source = {"bytes": base64.b64decode(image)}
            content.insert(0, {"image": {"format": "png", "source": source}})
        if document:
            named = {"format": "pdf", "name": "a file", "source": {"bytes": document}}
            content.insert(0, {"document": named})
        request = {
            "modelId": more.get("model", self.model),
            "messages": [{"role": "user", "content": content}, *history],
            "inferenceConfig": {"maxTokens": more.get("limit", 4000)},
        }
        if "thinking" in more:
            budget = {"type": "enabled", "budget_tokens": 1024}
            request["additionalModelRequestFields"] = {"thinking": budget}
        if system:
            request["system"] = [{"text": system}]
        if "stops" in more:
            request["inferenceConfig"]["stopSequences"] = more["stops"]
        # Without a word for `none`, a client that wants no calls offers no tools.
        if tools and choice != "none":
            request["toolConfig"] = {
                "tools": [
                    {"toolSpec": {"name": n, "description": n, "inputSchema": {"json": s}}}
                    for n, s in tools
                ]
            }
            if choice:
                named = {"any": {}} if choice == "any" else {"tool": {"name": choice}}
                request["toolConfig"]["toolChoice"] = named
        if stream:
            return self.streamed(request)
        reply = self.client.converse(**request)
        return self.read(reply["output"]["message"], reply["stopReason"], reply["usage"])

    def streamed(self, request):
        names, blocks, finish, usage = [], {}, None, None
        for event in self.client.converse_stream(**request)["stream"]:
            ((name, body),) = event.items()
            names.append(name)
            if name == "contentBlockStart":
                call = body["start"]["toolUse"]
                blocks[body["contentBlockIndex"]] = {"toolUse": {**call, "input": ""}}
            elif name == "contentBlockDelta":
                delta = body["delta"]
                block = blocks.setdefault(body["contentBlockIndex"], {"text": ""})
                if "text" in delta:
                    block["text"] += delta["text"]
                elif "toolUse" in delta:
                    block["toolUse"]["input"] += delta["toolUse"]["input"]
                elif "reasoningContent" in delta:
                    # It has no start either, and is no text.
                    block.pop("text", None)
                    whole = block.setdefault("reasoningContent", {"reasoningText": {"text": ""}})
                    for field, piece in delta["reasoningContent"].items():
                        told = whole["reasoningText"]
                        told[field] = told.get(field, "") + piece
            elif name == "messageStop":
                finish = body["stopReason"]
            elif name == "metadata":
                usage = body["usage"]
        same((names[0], names[-2], names[-1]), ("messageStart", "messageStop", "metadata"), "order")
        for block in blocks.values():
            if "toolUse" in block:
                block["toolUse"]["input"] = json.loads(block["toolUse"]["input"] or "{}")
        content = [block for _, block in sorted(blocks.items())]
        return self.read({"content": content}, finish, usage)

    def read(self, message, finish, usage):
        text = "".join(block.get("text", "") for block in message["content"])
        calls = [
            (block["toolUse"]["toolUseId"], block["toolUse"]["name"], block["toolUse"]["input"])
            for block in message["content"]
            if "toolUse" in block
        ]
        used = (usage["inputTokens"], usage["outputTokens"])
        same(usage["totalTokens"], sum(used), "the total")
        thoughts = [
            block["reasoningContent"]["reasoningText"]["text"]
            for block in message["content"]
            if "reasoningContent" in block
        ]
        said = [{"role": "assistant", "content": message["content"]}]
        return Reply(text, calls, finish, used, "".join(thoughts), said)

    def turns(self, said, text):
        return [
            {"role": "assistant", "content": [{"text": said}]},
            {"role": "user", "content": [{"text": text}]},
        ]

    def after(self, reply, results):
        blocks = [{"text": reply.text}] if reply.text else []
        blocks += [
            {"toolUse": {"toolUseId": i, "name": n, "input": a}} for i, n, a in reply.calls
        ]
        return [{"role": "assistant", "content": blocks}, *self.answers(reply, results)]

    def answers(self, reply, results):
        answers = [
            {"toolResult": {"toolUseId": call, "content": [{"text": result}]}}
            for (call, _, _), result in zip(reply.calls, results)
        ]
        return [{"role": "user", "content": answers}]

    def structured(self, text):
        schema = {"schema": json.dumps(CITY), "name": "city"}
        reply = self.client.converse(
            modelId=self.model,
            messages=[{"role": "user", "content": [{"text": text}]}],
            outputConfig={"textFormat": {"type": "json_schema", "structure": {"jsonSchema": schema}}},
        )
        return json.loads(reply["output"]["message"]["content"][0]["text"])

    def signed(self, text):
        key = os.environ.pop(TOKEN)
        try:
            client = self.made(aws_access_key_id=key, aws_secret_access_key="not checked by anyone")
            client.converse(
                modelId=self.model, messages=[{"role": "user", "content": [{"text": text}]}]
            )
        finally:
            os.environ[TOKEN] = key

    def bad_request(self):
        self.client.converse(modelId=self.model, messages=[{"role": "nobody", "content": []}])

    def status(self, error):
        true(error.response["Error"]["Message"], "an error has a message")
        return error.response["ResponseMetadata"]["HTTPStatusCode"]
