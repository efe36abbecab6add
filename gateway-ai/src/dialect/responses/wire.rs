//! The shapes of OpenAI Responses on the wire.

use serde_json::value::RawValue;

use crate::{
    canonical::{Count, Number, Raw},
    json::{Content, Loose, Str, wire},
};

wire! {
    pub(super) struct Request<'a> {
        model: Str<'a> = "model",
        input: Content<'a> = "input",
        instructions: Str<'a> = "instructions",
        tools: Vec<&'a RawValue> = "tools",
        tool_choice: &'a RawValue = "tool_choice",
        parallel_tool_calls: bool = "parallel_tool_calls",
        max_output_tokens: Number = "max_output_tokens",
        temperature: Number = "temperature",
        top_p: Number = "top_p",
        top_logprobs: Number = "top_logprobs",
        text: TextOptions<'a> = "text",
        reasoning: ReasoningOptions<'a> = "reasoning",
        user: Str<'a> = "user",
        safety_identifier: Str<'a> = "safety_identifier",
        service_tier: Str<'a> = "service_tier",
        stream: bool = "stream",
        stream_options: Raw = "stream_options",
    }
}

/// The fields whose misspelling would be another policy.
pub(super) const POLICY_KEYS: &[&str] = &[
    "model",
    "input",
    "instructions",
    "tools",
    "tool_choice",
    "max_output_tokens",
    "text",
    "reasoning",
    "stream",
    "service_tier",
    "user",
    "safety_identifier",
];

wire! {
    pub(super) struct TextOptions<'a> {
        format: &'a RawValue = "format",
        verbosity: Raw = "verbosity",
    }
}

wire! {
    pub(super) struct Format<'a> {
        kind: Str<'a> = "type",
        name: Str<'a> = "name",
        description: Str<'a> = "description",
        schema: Raw = "schema",
        strict: bool = "strict",
    }
}

wire! {
    pub(super) struct ReasoningOptions<'a> {
        effort: Str<'a> = "effort",
        summary: Str<'a> = "summary",
    }
}

wire! {
    pub(super) struct ItemHead<'a> ignoring {
        kind: Str<'a> = "type",
        role: Str<'a> = "role",
        id: Loose = "id",
    }
}

wire! {
    pub(super) struct Message<'a> {
        kind: Raw = "type",
        role: Str<'a> = "role",
        content: Content<'a> = "content",
        id: Raw = "id",
        status: Raw = "status",
        phase: Raw = "phase",
    }
}

wire! {
    pub(super) struct Part<'a> {
        kind: Str<'a> = "type",
        text: Str<'a> = "text",
        refusal: Str<'a> = "refusal",
        annotations: Raw = "annotations",
        logprobs: Raw = "logprobs",
        image_url: Str<'a> = "image_url",
        file_id: Str<'a> = "file_id",
        detail: Str<'a> = "detail",
        file_data: Str<'a> = "file_data",
        file_url: Str<'a> = "file_url",
        filename: Str<'a> = "filename",
        input_audio: InputAudio<'a> = "input_audio",
    }
}

wire! {
    pub(super) struct InputAudio<'a> {
        data: Str<'a> = "data",
        format: Str<'a> = "format",
    }
}

wire! {
    pub(super) struct ReasoningItem<'a> {
        kind: Str<'a> = "type",
        id: Str<'a> = "id",
        summary: Vec<Part<'a>> = "summary",
        content: Vec<Part<'a>> = "content",
        encrypted_content: Str<'a> = "encrypted_content",
        status: Raw = "status",
    }
}

wire! {
    pub(super) struct Call<'a> {
        kind: Str<'a> = "type",
        id: Str<'a> = "id",
        call_id: Str<'a> = "call_id",
        name: Str<'a> = "name",
        arguments: &'a RawValue = "arguments",
        input: &'a RawValue = "input",
        status: Raw = "status",
    }
}

wire! {
    pub(super) struct CallOutput<'a> {
        kind: Str<'a> = "type",
        id: Raw = "id",
        call_id: Str<'a> = "call_id",
        output: &'a RawValue = "output",
        status: Raw = "status",
    }
}

wire! {
    pub(super) struct Tool<'a> {
        kind: Str<'a> = "type",
        name: Str<'a> = "name",
        description: Str<'a> = "description",
        parameters: Raw = "parameters",
        strict: bool = "strict",
        format: Raw = "format",
    }
}

wire! {
    pub(super) struct ToolChoice<'a> {
        kind: Str<'a> = "type",
        name: Str<'a> = "name",
        mode: Str<'a> = "mode",
        tools: Vec<AllowedTool<'a>> = "tools",
    }
}

wire! {
    pub(super) struct AllowedTool<'a> { kind: Str<'a> = "type", name: Str<'a> = "name" }
}

wire! {
    pub(super) struct Reply<'a> {
        object: Str<'a> = "object",
        id: Loose = "id",
        created_at: Number = "created_at",
        status: Str<'a> = "status",
        error: &'a RawValue = "error",
        incomplete_details: Incomplete<'a> = "incomplete_details",
        model: Str<'a> = "model",
        output: Vec<&'a RawValue> = "output",
        usage: Usage<'a> = "usage",
        service_tier: Str<'a> = "service_tier",
    }
}

wire! {
    pub(super) struct Incomplete<'a> { reason: Str<'a> = "reason" }
}

wire! {
    pub(super) struct Usage<'a> {
        input_tokens: Count = "input_tokens",
        input_tokens_details: InputDetails<'a> = "input_tokens_details",
        output_tokens: Count = "output_tokens",
        output_tokens_details: OutputDetails<'a> = "output_tokens_details",
        total_tokens: Count = "total_tokens",
    }
}

wire! {
    pub(super) struct InputDetails<'a> {
        cached_tokens: Count = "cached_tokens",
        cache_write_tokens: Count = "cache_write_tokens",
    }
}

wire! {
    pub(super) struct OutputDetails<'a> { reasoning_tokens: Count = "reasoning_tokens" }
}

wire! {
    pub(super) struct StreamEvent<'a> skipping
        ["item_id", "sequence_number", "obfuscation", "annotation_index", "code", "param"] {
        kind: Str<'a> = "type",
        response: &'a RawValue = "response",
        output_index: Number = "output_index",
        content_index: Number = "content_index",
        summary_index: Number = "summary_index",
        item: &'a RawValue = "item",
        part: &'a RawValue = "part",
        delta: &'a RawValue = "delta",
        text: &'a RawValue = "text",
        refusal: &'a RawValue = "refusal",
        arguments: &'a RawValue = "arguments",
        input: &'a RawValue = "input",
        annotation: Raw = "annotation",
        logprobs: &'a RawValue = "logprobs",
        error: &'a RawValue = "error",
        message: &'a RawValue = "message",
    }
}

wire! {
    /// Any object, member by member.
    pub(super) struct Members<'a> {}
}
