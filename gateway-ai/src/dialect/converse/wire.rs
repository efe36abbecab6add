//! The shapes of Bedrock Converse on the wire.

use serde_json::value::RawValue;

use crate::{
    canonical::{Count, Number, Raw},
    json::{Loose, Str, wire},
};

wire! {
    pub(super) struct Request<'a> {
        messages: Vec<Message<'a>> = "messages",
        system: Vec<&'a RawValue> = "system",
        inference: Inference<'a> = "inferenceConfig",
        tools: ToolConfig<'a> = "toolConfig",
        additional: Additional<'a> = "additionalModelRequestFields",
        output: OutputConfig<'a> = "outputConfig",
        service_tier: ServiceTier<'a> = "serviceTier",
    }
}

/// Fields that two readers must not disagree about.
pub(super) const POLICY_KEYS: &[&str] = &["messages", "system", "inferenceConfig", "toolConfig"];

wire! {
    pub(super) struct Message<'a> {
        role: Str<'a> = "role",
        content: Vec<&'a RawValue> = "content",
    }
}

wire! {
    pub(super) struct Inference<'a> {
        max_tokens: Number = "maxTokens",
        temperature: Number = "temperature",
        top_p: Number = "topP",
        stop: Vec<String> = "stopSequences",
    }
}

wire! {
    /// What Converse has no name for and hands to the model as it is. Models differ in the words.
    pub(super) struct Additional<'a> {
        top_k: Number = "top_k",
        thinking: &'a RawValue = "thinking",
        output_config: &'a RawValue = "output_config",
        effort: &'a RawValue = "reasoning_effort",
        config: &'a RawValue = "reasoning_config",
        nova: &'a RawValue = "reasoningConfig",
    }
}

wire! {
    /// Any of the objects that say how a model shall reason.
    pub(super) struct Thinking<'a> {
        kind: Str<'a> = "type",
        budget: Number = "budget_tokens",
        effort: Str<'a> = "effort" | "maxReasoningEffort",
        display: Str<'a> = "display",
    }
}

wire! {
    pub(super) struct ToolConfig<'a> {
        tools: Vec<&'a RawValue> = "tools",
        choice: ToolChoice<'a> = "toolChoice",
    }
}

wire! {
    pub(super) struct Tool<'a> {
        spec: ToolSpec<'a> = "toolSpec",
        cache: CachePoint<'a> = "cachePoint",
    }
}

wire! {
    pub(super) struct ToolSpec<'a> {
        name: Str<'a> = "name",
        description: Str<'a> = "description",
        schema: InputSchema<'a> = "inputSchema",
        strict: bool = "strict",
    }
}

wire! {
    pub(super) struct InputSchema<'a> { json: Raw = "json" }
}

wire! {
    pub(super) struct ToolChoice<'a> {
        auto: Plain<'a> = "auto",
        any: Plain<'a> = "any",
        tool: NamedTool<'a> = "tool",
    }
}

wire! {
    /// An object that says all by being there.
    pub(super) struct Plain<'a> {}
}

wire! {
    pub(super) struct NamedTool<'a> { name: Str<'a> = "name" }
}

wire! {
    pub(super) struct OutputConfig<'a> {
        format: TextFormat<'a> = "textFormat",
    }
}

wire! {
    pub(super) struct TextFormat<'a> {
        kind: Str<'a> = "type",
        structure: Structure<'a> = "structure",
    }
}

wire! {
    pub(super) struct Structure<'a> { schema: JsonSchema<'a> = "jsonSchema" }
}

wire! {
    pub(super) struct JsonSchema<'a> {
        schema: Str<'a> = "schema",
        name: Str<'a> = "name",
        description: Str<'a> = "description",
    }
}

wire! {
    pub(super) struct ServiceTier<'a> { kind: Str<'a> = "type" }
}

wire! {
    pub(super) struct Block<'a> {
        text: Str<'a> = "text",
        image: Media<'a> = "image",
        document: Media<'a> = "document",
        video: Media<'a> = "video",
        tool_use: ToolUse<'a> = "toolUse",
        tool_result: ToolResult<'a> = "toolResult",
        reasoning: Reasoning<'a> = "reasoningContent",
        cache: CachePoint<'a> = "cachePoint",
        json: &'a RawValue = "json",
        cited: Cited<'a> = "citationsContent",
    }
}

wire! {
    pub(super) struct Media<'a> {
        format: Str<'a> = "format",
        name: Str<'a> = "name",
        source: Source<'a> = "source",
        context: Str<'a> = "context",
        citations: Raw = "citations",
    }
}

wire! {
    pub(super) struct Source<'a> {
        bytes: Str<'a> = "bytes",
        location: Location<'a> = "s3Location",
        text: Str<'a> = "text",
        content: Vec<&'a RawValue> = "content",
    }
}

wire! {
    pub(super) struct Location<'a> {
        uri: Str<'a> = "uri",
        owner: Str<'a> = "bucketOwner",
    }
}

wire! {
    pub(super) struct ToolUse<'a> {
        id: Str<'a> = "toolUseId",
        name: Str<'a> = "name",
        input: &'a RawValue = "input",
        kind: Str<'a> = "type",
    }
}

wire! {
    pub(super) struct ToolResult<'a> {
        id: Str<'a> = "toolUseId",
        content: Vec<&'a RawValue> = "content",
        status: Str<'a> = "status",
        kind: Str<'a> = "type",
    }
}

wire! {
    pub(super) struct Reasoning<'a> {
        text: ReasoningText<'a> = "reasoningText",
        redacted: Str<'a> = "redactedContent",
    }
}

wire! {
    pub(super) struct ReasoningText<'a> {
        text: Str<'a> = "text",
        signature: Str<'a> = "signature",
    }
}

wire! {
    pub(super) struct CachePoint<'a> {
        kind: Str<'a> = "type",
        ttl: Str<'a> = "ttl",
    }
}

wire! {
    pub(super) struct Cited<'a> {
        content: Vec<CitedText<'a>> = "content",
        citations: Raw = "citations",
    }
}

wire! {
    pub(super) struct CitedText<'a> { text: Str<'a> = "text" }
}

wire! {
    pub(super) struct Reply<'a> {
        output: Output<'a> = "output",
        stop_reason: Str<'a> = "stopReason",
        usage: Usage<'a> = "usage",
        metrics: Raw = "metrics",
        service_tier: ServiceTier<'a> = "serviceTier",
        additional: Raw = "additionalModelResponseFields",
        message: Loose = "message" | "Message",
        kind: Loose = "__type",
    }
}

wire! {
    pub(super) struct Output<'a> { message: Message<'a> = "message" }
}

wire! {
    pub(super) struct Usage<'a> {
        input: Count = "inputTokens",
        output: Count = "outputTokens",
        total: Count = "totalTokens",
        cache_read: Count = "cacheReadInputTokens",
        cache_write: Count = "cacheWriteInputTokens",
        details: Vec<CacheDetail<'a>> = "cacheDetails",
    }
}

wire! {
    pub(super) struct CacheDetail<'a> {
        ttl: Str<'a> = "ttl",
        tokens: Count = "inputTokens",
    }
}

wire! {
    pub(super) struct StreamEvent<'a> skipping ["p", "role"] {
        index: Number = "contentBlockIndex",
        start: Start<'a> = "start",
        delta: Delta<'a> = "delta",
        stop_reason: Str<'a> = "stopReason",
        additional: Raw = "additionalModelResponseFields",
        usage: Usage<'a> = "usage",
        metrics: Raw = "metrics",
        service_tier: ServiceTier<'a> = "serviceTier",
        message: Loose = "message" | "Message",
    }
}

wire! {
    pub(super) struct Start<'a> {
        tool_use: ToolUse<'a> = "toolUse",
    }
}

wire! {
    pub(super) struct Delta<'a> {
        text: Str<'a> = "text",
        tool_use: InputDelta<'a> = "toolUse",
        reasoning: ReasoningDelta<'a> = "reasoningContent",
        citation: Raw = "citation",
    }
}

wire! {
    pub(super) struct InputDelta<'a> skipping { input: Str<'a> = "input" }
}

wire! {
    pub(super) struct ReasoningDelta<'a> skipping {
        text: Str<'a> = "text",
        signature: Str<'a> = "signature",
        redacted: Str<'a> = "redactedContent",
    }
}
