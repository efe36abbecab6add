//! The shapes of Anthropic Messages on the wire.

use serde_json::value::RawValue;

use crate::{
    canonical::{Count, Number, Raw},
    json::{Content, Loose, Str, wire},
};

wire! {
    pub(super) struct Request<'a> {
        model: Str<'a> = "model",
        system: Content<'a> = "system",
        messages: Vec<Message<'a>> = "messages",
        max_tokens: Number = "max_tokens",
        stop_sequences: Vec<String> = "stop_sequences",
        temperature: Number = "temperature",
        top_p: Number = "top_p",
        top_k: Number = "top_k",
        tools: Vec<&'a RawValue> = "tools",
        tool_choice: ToolChoice<'a> = "tool_choice",
        thinking: Thinking<'a> = "thinking",
        output_config: OutputConfig<'a> = "output_config",
        output_format: &'a RawValue = "output_format",
        metadata: &'a RawValue = "metadata",
        service_tier: Str<'a> = "service_tier",
        stream: bool = "stream",
    }
}

/// The fields whose misspelling would be another policy.
pub(super) const POLICY_KEYS: &[&str] = &[
    "model",
    "system",
    "messages",
    "max_tokens",
    "tools",
    "tool_choice",
    "thinking",
    "stream",
    "service_tier",
    "metadata",
];

wire! {
    pub(super) struct Message<'a> { role: Str<'a> = "role", content: Content<'a> = "content" }
}

wire! {
    pub(super) struct Block<'a> {
        kind: Str<'a> = "type",
        text: Str<'a> = "text",
        source: &'a RawValue = "source",
        id: Str<'a> = "id",
        name: Str<'a> = "name",
        input: &'a RawValue = "input",
        tool_use_id: Str<'a> = "tool_use_id",
        content: &'a RawValue = "content",
        is_error: bool = "is_error",
        thinking: Str<'a> = "thinking",
        signature: Str<'a> = "signature",
        title: Str<'a> = "title",
        context: Str<'a> = "context",
        citations: Raw = "citations",
        cache_control: CacheControl<'a> = "cache_control",
    }
}

wire! {
    pub(super) struct Kind<'a> ignoring { kind: Str<'a> = "type" }
}

wire! {
    pub(super) struct Source<'a> {
        kind: Str<'a> = "type",
        media_type: Str<'a> = "media_type",
        data: Str<'a> = "data",
        url: Str<'a> = "url",
        file_id: Str<'a> = "file_id",
        content: Content<'a> = "content",
    }
}

wire! {
    pub(super) struct CacheControl<'a> { kind: Str<'a> = "type", ttl: Str<'a> = "ttl" }
}

wire! {
    pub(super) struct Tool<'a> {
        kind: Str<'a> = "type",
        name: Str<'a> = "name",
        description: Str<'a> = "description",
        input_schema: Raw = "input_schema",
        strict: bool = "strict",
        cache_control: CacheControl<'a> = "cache_control",
    }
}

wire! {
    pub(super) struct ToolChoice<'a> {
        kind: Str<'a> = "type",
        name: Str<'a> = "name",
        disable_parallel_tool_use: bool = "disable_parallel_tool_use",
    }
}

wire! {
    pub(super) struct Thinking<'a> {
        kind: Str<'a> = "type",
        budget_tokens: Number = "budget_tokens",
        display: Str<'a> = "display",
    }
}

wire! {
    pub(super) struct OutputConfig<'a> {
        effort: Str<'a> = "effort",
        format: &'a RawValue = "format",
    }
}

wire! {
    pub(super) struct Format<'a> {
        kind: Str<'a> = "type",
        schema: Raw = "schema",
    }
}

wire! {
    pub(super) struct Metadata<'a> { user_id: Str<'a> = "user_id" }
}

wire! {
    pub(super) struct Reply<'a> {
        kind: Str<'a> = "type",
        role: Str<'a> = "role",
        id: Str<'a> = "id",
        model: Str<'a> = "model",
        content: Vec<&'a RawValue> = "content",
        stop_reason: Str<'a> = "stop_reason",
        stop_sequence: Str<'a> = "stop_sequence",
        usage: Usage<'a> = "usage",
        error: &'a RawValue = "error",
    }
}

wire! {
    pub(super) struct Usage<'a> {
        input_tokens: Count = "input_tokens",
        output_tokens: Count = "output_tokens",
        cache_creation_input_tokens: Count = "cache_creation_input_tokens",
        cache_read_input_tokens: Count = "cache_read_input_tokens",
        cache_creation: CacheCreation<'a> = "cache_creation",
        output_tokens_details: OutputDetails<'a> = "output_tokens_details",
        service_tier: Str<'a> = "service_tier",
    }
}

wire! {
    pub(super) struct CacheCreation<'a> {
        short: Count = "ephemeral_5m_input_tokens",
        long: Count = "ephemeral_1h_input_tokens",
    }
}

wire! {
    pub(super) struct OutputDetails<'a> { thinking_tokens: Count = "thinking_tokens" }
}

wire! {
    pub(super) struct ServerToolUse<'a> ignoring {
        web_search_requests: Count = "web_search_requests",
    }
}

wire! {
    pub(super) struct StreamEvent<'a> skipping {
        kind: Str<'a> = "type",
        message: Reply<'a> = "message",
        index: Number = "index",
        content_block: &'a RawValue = "content_block",
        delta: &'a RawValue = "delta",
        usage: Usage<'a> = "usage",
        error: &'a RawValue = "error",
    }
}

wire! {
    pub(super) struct Delta<'a> skipping {
        kind: Str<'a> = "type",
        text: Str<'a> = "text",
        partial_json: Str<'a> = "partial_json",
        thinking: Str<'a> = "thinking",
        signature: Str<'a> = "signature",
        citation: Raw = "citation",
        stop_reason: Str<'a> = "stop_reason",
        stop_sequence: Str<'a> = "stop_sequence",
    }
}

wire! {
    pub(super) struct ErrorBody<'a> ignoring {
        kind: Loose = "type",
        message: Loose = "message",
        code: Loose = "code",
        param: Loose = "param",
    }
}
