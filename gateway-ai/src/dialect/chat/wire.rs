//! The shapes of OpenAI Chat Completions on the wire, with what its imitators add. Those of
//! answers are in `wire_reply`.

use serde_json::value::RawValue;

pub(super) use super::wire_reply::{
    BaseResponse, Choice, Chunk, ChunkChoice, Delta, ErrorBody, Reply, Usage,
};
use crate::{
    canonical::{Number, Raw},
    json::{Content, OneOrMany, Str, wire},
};

wire! {
    pub(super) struct Request<'a> {
        model: Str<'a> = "model",
        messages: Vec<Message<'a>> = "messages",
        tools: Vec<&'a RawValue> = "tools",
        tool_choice: &'a RawValue = "tool_choice",
        parallel_tool_calls: bool = "parallel_tool_calls",
        functions: Vec<Function<'a>> = "functions",
        function_call: &'a RawValue = "function_call",
        max_tokens: Number = "max_tokens",
        max_completion_tokens: Number = "max_completion_tokens",
        stop: OneOrMany = "stop",
        n: Number = "n",
        temperature: Number = "temperature",
        top_p: Number = "top_p",
        top_k: Number = "top_k",
        seed: Number = "seed",
        frequency_penalty: Number = "frequency_penalty",
        presence_penalty: Number = "presence_penalty",
        logit_bias: Raw = "logit_bias",
        logprobs: bool = "logprobs",
        top_logprobs: Number = "top_logprobs",
        response_format: &'a RawValue = "response_format",
        reasoning_effort: Str<'a> = "reasoning_effort",
        reasoning: &'a RawValue = "reasoning",
        thinking: &'a RawValue = "thinking",
        user: Str<'a> = "user",
        safety_identifier: Str<'a> = "safety_identifier",
        service_tier: Str<'a> = "service_tier",
        stream: bool = "stream",
        stream_options: StreamOptions<'a> = "stream_options",
    }
}

/// The fields whose misspelling would be another policy.
pub(super) const POLICY_KEYS: &[&str] = &[
    "model",
    "messages",
    "tools",
    "tool_choice",
    "max_tokens",
    "max_completion_tokens",
    "n",
    "stream",
    "stream_options",
    "user",
    "service_tier",
    "response_format",
];

wire! {
    pub(super) struct StreamOptions<'a> { include_usage: bool = "include_usage" }
}

wire! {
    pub(super) struct Message<'a> {
        role: Str<'a> = "role",
        content: Content<'a> = "content",
        name: Str<'a> = "name",
        tool_calls: Vec<ToolCall<'a>> = "tool_calls",
        tool_call_id: Str<'a> = "tool_call_id",
        function_call: FunctionCall<'a> = "function_call",
        refusal: Str<'a> = "refusal",
        audio: Audio<'a> = "audio",
        annotations: Raw = "annotations",
        reasoning_content: Str<'a> = "reasoning_content",
        reasoning: Str<'a> = "reasoning",
        reasoning_details: Vec<&'a RawValue> = "reasoning_details",
    }
}

wire! {
    pub(super) struct ToolCall<'a> {
        index: Number = "index",
        id: Str<'a> = "id",
        kind: Str<'a> = "type",
        function: FunctionCall<'a> = "function",
        custom: CustomCall<'a> = "custom",
    }
}

wire! {
    pub(super) struct FunctionCall<'a> {
        name: Str<'a> = "name",
        arguments: &'a RawValue = "arguments",
    }
}

wire! {
    pub(super) struct CustomCall<'a> { name: Str<'a> = "name", input: Str<'a> = "input" }
}

wire! {
    pub(super) struct Audio<'a> {
        id: Str<'a> = "id",
        data: Str<'a> = "data",
        transcript: Str<'a> = "transcript",
        expires_at: Number = "expires_at",
    }
}

wire! {
    pub(super) struct Part<'a> {
        kind: Str<'a> = "type",
        text: Str<'a> = "text",
        refusal: Str<'a> = "refusal",
        image_url: &'a RawValue = "image_url",
        input_audio: &'a RawValue = "input_audio",
        video_url: &'a RawValue = "video_url",
        file: File<'a> = "file",
        thinking: Content<'a> = "thinking",
        summary: Vec<SummaryText<'a>> = "summary",
        cache_control: CacheControl<'a> = "cache_control",
    }
}

wire! {
    pub(super) struct SummaryText<'a> { text: Str<'a> = "text" }
}

wire! {
    pub(super) struct UrlPart<'a> { url: Str<'a> = "url", detail: Str<'a> = "detail" }
}

wire! {
    pub(super) struct InputAudio<'a> { data: Str<'a> = "data", format: Str<'a> = "format" }
}

wire! {
    pub(super) struct File<'a> {
        file_data: Str<'a> = "file_data",
        file_id: Str<'a> = "file_id",
        filename: Str<'a> = "filename",
    }
}

wire! {
    pub(super) struct CacheControl<'a> { kind: Str<'a> = "type", ttl: Str<'a> = "ttl" }
}

wire! {
    pub(super) struct ReasoningDetail<'a> {
        kind: Str<'a> = "type",
        text: Str<'a> = "text",
        summary: Str<'a> = "summary",
        data: Str<'a> = "data",
        signature: Str<'a> = "signature",
        format: Str<'a> = "format",
        id: Str<'a> = "id",
        index: Number = "index",
    }
}

wire! {
    pub(super) struct Tool<'a> {
        kind: Str<'a> = "type",
        function: Function<'a> = "function",
        custom: Custom<'a> = "custom",
        cache_control: CacheControl<'a> = "cache_control",
    }
}

wire! {
    pub(super) struct Function<'a> {
        name: Str<'a> = "name",
        description: Str<'a> = "description",
        parameters: Raw = "parameters",
        strict: bool = "strict",
    }
}

wire! {
    pub(super) struct Custom<'a> {
        name: Str<'a> = "name",
        description: Str<'a> = "description",
        format: Raw = "format",
    }
}

wire! {
    pub(super) struct NamedChoice<'a> {
        kind: Str<'a> = "type",
        name: Str<'a> = "name",
        function: NamedTool<'a> = "function",
        custom: NamedTool<'a> = "custom",
        allowed_tools: AllowedTools<'a> = "allowed_tools",
    }
}

wire! {
    pub(super) struct NamedTool<'a> { name: Str<'a> = "name" }
}

wire! {
    pub(super) struct AllowedTools<'a> {
        mode: Str<'a> = "mode",
        tools: Vec<NamedChoice<'a>> = "tools",
    }
}

wire! {
    pub(super) struct ResponseFormat<'a> {
        kind: Str<'a> = "type",
        json_schema: JsonSchema<'a> = "json_schema",
    }
}

wire! {
    pub(super) struct JsonSchema<'a> {
        name: Str<'a> = "name",
        description: Str<'a> = "description",
        schema: Raw = "schema",
        strict: bool = "strict",
    }
}

wire! {
    pub(super) struct Reasoning<'a> {
        effort: Str<'a> = "effort",
        max_tokens: Number = "max_tokens",
        enabled: bool = "enabled",
        exclude: bool = "exclude",
    }
}

wire! {
    pub(super) struct Thinking<'a> {
        kind: Str<'a> = "type",
        budget_tokens: Number = "budget_tokens",
    }
}
