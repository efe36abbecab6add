//! The shapes of answers, chunks and errors.

use serde_json::value::RawValue;

use super::wire::{Audio, FunctionCall, Message, ToolCall};
use crate::{
    canonical::{Count, Number, Raw},
    json::{Content, Loose, Str, wire},
};

wire! {
    pub(super) struct Reply<'a> {
        id: Loose = "id",
        object: &'a RawValue = "object",
        model: Str<'a> = "model",
        created: Number = "created",
        choices: Vec<Choice<'a>> = "choices",
        usage: Usage<'a> = "usage",
        service_tier: Str<'a> = "service_tier",
        error: &'a RawValue = "error",
        failed: BaseResponse<'a> = "base_resp",
    }
}

wire! {
    /// How MiniMax says that it failed, or that it did not.
    pub(super) struct BaseResponse<'a> ignoring {
        code: Number = "status_code",
        message: Loose = "status_msg",
    }
}

wire! {
    pub(super) struct Choice<'a> {
        index: Number = "index",
        message: Message<'a> = "message",
        finish_reason: Str<'a> = "finish_reason",
        logprobs: Raw = "logprobs",
    }
}

wire! {
    pub(super) struct Chunk<'a> skipping ["obfuscation", "p"] {
        id: Loose = "id",
        model: Str<'a> = "model",
        created: Number = "created",
        choices: Vec<ChunkChoice<'a>> = "choices",
        usage: Usage<'a> = "usage",
        service_tier: Str<'a> = "service_tier",
        system_fingerprint: &'a RawValue = "system_fingerprint",
        x_groq: Groq<'a> = "x_groq",
        error: &'a RawValue = "error",
        object: Str<'a> = "object",
        message: Loose = "message",
        failed: BaseResponse<'a> = "base_resp",
    }
}

wire! {
    pub(super) struct Groq<'a> skipping { usage: Usage<'a> = "usage" }
}

wire! {
    pub(super) struct ChunkChoice<'a> skipping {
        index: Number = "index",
        delta: Delta<'a> = "delta",
        message: Delta<'a> = "message",
        finish_reason: Str<'a> = "finish_reason",
        logprobs: Raw = "logprobs",
        usage: Usage<'a> = "usage",
    }
}

wire! {
    pub(super) struct Delta<'a> skipping ["role"] {
        content: Content<'a> = "content",
        refusal: Str<'a> = "refusal",
        tool_calls: Vec<ToolCall<'a>> = "tool_calls",
        function_call: FunctionCall<'a> = "function_call",
        annotations: Vec<Raw> = "annotations",
        audio: Audio<'a> = "audio",
        reasoning_content: Str<'a> = "reasoning_content",
        reasoning: Str<'a> = "reasoning",
        reasoning_details: Vec<&'a RawValue> = "reasoning_details",
    }
}

wire! {
    pub(super) struct Usage<'a> {
        prompt_tokens: Count = "prompt_tokens",
        completion_tokens: Count = "completion_tokens",
        total_tokens: Count = "total_tokens",
        prompt_tokens_details: PromptDetails<'a> = "prompt_tokens_details",
        completion_tokens_details: CompletionDetails<'a> = "completion_tokens_details",
    }
}

wire! {
    pub(super) struct PromptDetails<'a> {
        cached_tokens: Count = "cached_tokens",
        cache_write_tokens: Count = "cache_write_tokens",
        audio_tokens: Count = "audio_tokens",
        image_tokens: Count = "image_tokens",
    }
}

wire! {
    pub(super) struct CompletionDetails<'a> {
        reasoning_tokens: Count = "reasoning_tokens",
        audio_tokens: Count = "audio_tokens",
        image_tokens: Count = "image_tokens",
        accepted_prediction_tokens: Count = "accepted_prediction_tokens",
        rejected_prediction_tokens: Count = "rejected_prediction_tokens",
    }
}

wire! {
    pub(super) struct ErrorBody<'a> {
        message: Loose = "message",
        kind: Loose = "type",
        code: Loose = "code",
        param: Loose = "param",
        status: Loose = "status",
        innererror: InnerError<'a> = "innererror",
        metadata: ErrorMetadata<'a> = "metadata",
    }
}

wire! {
    pub(super) struct InnerError<'a> ignoring { code: Str<'a> = "code" }
}

wire! {
    pub(super) struct ErrorMetadata<'a> ignoring { raw: Loose = "raw" }
}

impl BaseResponse<'_> {
    /// The words for a failure; a code of 0 is none.
    pub(super) fn failure(self) -> Option<String> {
        let code = self.code?.as_f64();
        Some(self.message?.0).filter(|_| code != 0.0)
    }
}

impl Chunk<'_> {
    /// The words of a chunk that is an error without calling it one.
    pub(super) fn failure(&mut self) -> Option<String> {
        let failed = self.failed.take().and_then(BaseResponse::failure);
        failed.or_else(|| {
            let message = self.message.take()?.0;
            (self.object.as_deref() == Some("error")).then_some(message)
        })
    }
}
