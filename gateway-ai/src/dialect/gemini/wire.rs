//! The shapes of Gemini on the wire. Its JSON may be written in camel or in snake case.

use serde_json::value::RawValue;

use crate::{
    canonical::{Count, Number, Raw},
    json::{Loose, Str, wire},
};

wire! {
    pub(super) struct Request<'a> {
        model: Str<'a> = "model",
        contents: &'a RawValue = "contents",
        system: Content<'a> = "systemInstruction" | "system_instruction",
        tools: Vec<Tool<'a>> = "tools",
        tool_config: ToolConfig<'a> = "toolConfig" | "tool_config",
        config: Config<'a> = "generationConfig" | "generation_config",
    }
}

wire! {
    pub(super) struct Content<'a> { role: Str<'a> = "role", parts: &'a RawValue = "parts" }
}

wire! {
    pub(super) struct Part<'a> {
        text: Str<'a> = "text",
        thought: bool = "thought",
        signature: Str<'a> = "thoughtSignature" | "thought_signature",
        inline_data: Blob<'a> = "inlineData" | "inline_data",
        file_data: File<'a> = "fileData" | "file_data",
        function_call: FunctionCall<'a> = "functionCall" | "function_call",
        function_response: FunctionResponse<'a> = "functionResponse" | "function_response",
    }
}

wire! {
    pub(super) struct Blob<'a> {
        mime_type: Str<'a> = "mimeType" | "mime_type",
        data: Str<'a> = "data",
    }
}

wire! {
    pub(super) struct File<'a> {
        mime_type: Str<'a> = "mimeType" | "mime_type",
        uri: Str<'a> = "fileUri" | "file_uri",
    }
}

wire! {
    pub(super) struct FunctionCall<'a> {
        id: Str<'a> = "id",
        name: Str<'a> = "name",
        args: &'a RawValue = "args",
    }
}

wire! {
    pub(super) struct FunctionResponse<'a> {
        id: Str<'a> = "id",
        name: Str<'a> = "name",
        response: &'a RawValue = "response",
        parts: Vec<&'a RawValue> = "parts",
    }
}

wire! {
    pub(super) struct Tool<'a> {
        functions: Vec<Function<'a>> = "functionDeclarations" | "function_declarations",
    }
}

wire! {
    pub(super) struct Function<'a> {
        name: Str<'a> = "name",
        description: Str<'a> = "description",
        parameters: Raw = "parameters",
        json_schema: Raw = "parametersJsonSchema" | "parameters_json_schema",
    }
}

wire! {
    pub(super) struct ToolConfig<'a> {
        calling: Calling<'a> = "functionCallingConfig" | "function_calling_config",
    }
}

wire! {
    pub(super) struct Calling<'a> {
        mode: Str<'a> = "mode",
        names: Vec<String> = "allowedFunctionNames" | "allowed_function_names",
    }
}

wire! {
    pub(super) struct Config<'a> {
        max_tokens: Number = "maxOutputTokens" | "max_output_tokens",
        stop: Vec<String> = "stopSequences" | "stop_sequences",
        candidates: Number = "candidateCount" | "candidate_count",
        temperature: Number = "temperature",
        top_p: Number = "topP" | "top_p",
        top_k: Number = "topK" | "top_k",
        seed: Number = "seed",
        frequency_penalty: Number = "frequencyPenalty" | "frequency_penalty",
        presence_penalty: Number = "presencePenalty" | "presence_penalty",
        wants_logprobs: bool = "responseLogprobs" | "response_logprobs",
        logprobs: Number = "logprobs",
        mime_type: Str<'a> = "responseMimeType" | "response_mime_type",
        schema: Raw = "responseSchema" | "response_schema",
        json_schema: Raw = "responseJsonSchema" | "response_json_schema",
        thinking: &'a RawValue = "thinkingConfig" | "thinking_config",
    }
}

wire! {
    pub(super) struct Thinking<'a> {
        include: bool = "includeThoughts" | "include_thoughts",
        budget: Number = "thinkingBudget" | "thinking_budget",
        level: Str<'a> = "thinkingLevel" | "thinking_level",
    }
}

wire! {
    pub(super) struct Reply<'a> {
        id: Str<'a> = "responseId",
        model: Str<'a> = "modelVersion",
        candidates: Vec<Candidate<'a>> = "candidates",
        feedback: Feedback<'a> = "promptFeedback",
        usage: Usage<'a> = "usageMetadata",
        error: &'a RawValue = "error",
    }
}

wire! {
    pub(super) struct Candidate<'a> {
        index: Number = "index",
        content: Content<'a> = "content",
        finish_reason: Loose = "finishReason",
        logprobs: Raw = "logprobsResult",
    }
}

wire! {
    pub(super) struct Feedback<'a> { block_reason: Str<'a> = "blockReason" }
}

wire! {
    pub(super) struct Usage<'a> {
        prompt: Count = "promptTokenCount",
        tool_prompt: Count = "toolUsePromptTokenCount",
        cached: Count = "cachedContentTokenCount",
        candidates: Count = "candidatesTokenCount",
        thoughts: Count = "thoughtsTokenCount",
        total: Count = "totalTokenCount",
        prompt_details: Vec<Modality<'a>> = "promptTokensDetails",
        candidate_details: Vec<Modality<'a>> = "candidatesTokensDetails",
    }
}

wire! {
    pub(super) struct Modality<'a> {
        modality: Loose = "modality",
        count: Count = "tokenCount",
    }
}

wire! {
    pub(super) struct ErrorBody<'a> ignoring {
        code: Number = "code",
        message: Loose = "message",
        status: Str<'a> = "status",
        details: Vec<ErrorDetail<'a>> = "details",
    }
}

wire! {
    pub(super) struct ErrorDetail<'a> ignoring {
        reason: Str<'a> = "reason",
        retry_delay: Str<'a> = "retryDelay",
    }
}
