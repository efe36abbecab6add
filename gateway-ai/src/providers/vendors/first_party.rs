//! Those who train the models they serve.

use crate::{
    dialect::{Dialect, ReasoningHistory},
    providers::spec::{Auth, ProviderSpec, Quirks},
};

pub(in crate::providers) const FIRST_PARTY: &[ProviderSpec] = &[
    ProviderSpec {
        quirks: Quirks {
            responses: true,
            ..Quirks::NONE
        },
        ..ProviderSpec::chat(
            "openai",
            "OpenAI",
            "https://api.openai.com/v1",
            "OPENAI_API_KEY",
            &[
                "gpt-",
                "o1",
                "o3",
                "o4",
                "chatgpt-",
                "text-embedding-",
                "omni-moderation-",
            ],
        )
    },
    ProviderSpec {
        kind: "anthropic",
        title: "Anthropic",
        dialect: Dialect::Messages,
        base_url: Some("https://api.anthropic.com/v1"),
        auth: Auth::Header("x-api-key"),
        key_env: Some("ANTHROPIC_API_KEY"),
        keyless: false,
        quirks: Quirks::NONE,
        families: &["claude-"],
    },
    ProviderSpec {
        kind: "gemini",
        title: "Google Gemini API",
        dialect: Dialect::Gemini,
        base_url: Some("https://generativelanguage.googleapis.com/v1beta"),
        auth: Auth::Header("x-goog-api-key"),
        key_env: Some("GEMINI_API_KEY"),
        keyless: false,
        quirks: Quirks::NONE,
        families: &["gemini-", "gemma-"],
    },
    // The `/openai/v1` surface needs neither `api-version` nor a deployment in the path; where a
    // version is given deployments are called by theirs.
    ProviderSpec {
        auth: Auth::Azure,
        base_url: Some("https://{resource}.openai.azure.com/openai/v1"),
        quirks: Quirks {
            responses: true,
            ..Quirks::NONE
        },
        ..ProviderSpec::chat(
            "azure",
            "Azure OpenAI",
            "",
            "AZURE_OPENAI_API_KEY",
            &["gpt-", "o1", "o3", "o4"],
        )
    },
    // Counts at the end of every stream, and answers 422 to fields it does not know.
    ProviderSpec::chat(
        "mistral",
        "Mistral",
        "https://api.mistral.ai/v1",
        "MISTRAL_API_KEY",
        &[
            "mistral-",
            "ministral-",
            "magistral-",
            "codestral-",
            "devstral-",
            "pixtral-",
        ],
    )
    .with_quirks(Quirks {
        stream_usage: false,
        unsupported: &[
            "user",
            "logit_bias",
            "service_tier",
            "store",
            "metadata",
            "verbosity",
        ],
        renamed: &[("seed", "random_seed")],
        ..Quirks::IMITATION
    }),
    ProviderSpec::chat(
        "deepseek",
        "DeepSeek",
        "https://api.deepseek.com/v1",
        "DEEPSEEK_API_KEY",
        &["deepseek-"],
    )
    .with_quirks(Quirks {
        reasoning_history: Some(ReasoningHistory::ReasoningContent),
        structured_output: Some(false),
        ..Quirks::IMITATION
    }),
    ProviderSpec::chat(
        "xai",
        "xAI",
        "https://api.x.ai/v1",
        "XAI_API_KEY",
        &["grok-"],
    )
    .with_quirks(Quirks {
        responses: true,
        ..Quirks::IMITATION
    }),
    // Conversations and vectors by the compatibility API, reranking by `/v2/rerank` beside it.
    ProviderSpec::chat(
        "cohere",
        "Cohere (compatibility API)",
        "https://api.cohere.ai/compatibility/v1",
        "COHERE_API_KEY",
        &["command-", "embed-", "rerank-"],
    )
    .with_quirks(Quirks {
        unsupported: &[
            "logit_bias",
            "metadata",
            "modalities",
            "n",
            "parallel_tool_calls",
            "prediction",
            "service_tier",
            "store",
            "top_logprobs",
        ],
        ..Quirks::IMITATION
    }),
    // Usage is in every chunk, asked for or not.
    ProviderSpec::chat(
        "perplexity",
        "Perplexity",
        "https://api.perplexity.ai",
        "PERPLEXITY_API_KEY",
        &["sonar"],
    )
    .with_quirks(Quirks {
        stream_usage: false,
        unsupported: &[
            "tools",
            "tool_choice",
            "parallel_tool_calls",
            "n",
            "seed",
            "stop",
            "user",
            "logit_bias",
        ],
        ..Quirks::IMITATION
    }),
    ProviderSpec::chat(
        "moonshot",
        "Moonshot AI",
        "https://api.moonshot.ai/v1",
        "MOONSHOT_API_KEY",
        &["kimi-", "moonshot-"],
    )
    .with_quirks(Quirks {
        reasoning_history: Some(ReasoningHistory::ReasoningContent),
        ..Quirks::IMITATION
    }),
    ProviderSpec::chat(
        "zai",
        "Z.ai",
        "https://api.z.ai/api/paas/v4",
        "ZAI_API_KEY",
        &["glm-"],
    ),
    ProviderSpec::chat(
        "dashscope",
        "Alibaba Model Studio (DashScope)",
        "https://dashscope-intl.aliyuncs.com/compatible-mode/v1",
        "DASHSCOPE_API_KEY",
        &["qwen", "qwq-", "qvq-"],
    ),
    ProviderSpec::chat(
        "minimax",
        "MiniMax",
        "https://api.minimax.io/v1",
        "MINIMAX_API_KEY",
        &["MiniMax-"],
    ),
    // Vectors and rerank alone.
    ProviderSpec::chat(
        "voyage",
        "Voyage AI",
        "https://api.voyageai.com/v1",
        "VOYAGE_API_KEY",
        &["voyage-", "rerank-"],
    ),
    ProviderSpec::chat(
        "llama",
        "Meta Llama API",
        "https://api.llama.com/compat/v1",
        "LLAMA_API_KEY",
        &["Llama-"],
    ),
    ProviderSpec::chat(
        "reka",
        "Reka",
        "https://api.reka.ai/v1",
        "REKA_API_KEY",
        &["reka-"],
    ),
    ProviderSpec::chat(
        "volcengine",
        "Volcengine Ark",
        "https://ark.cn-beijing.volces.com/api/v3",
        "ARK_API_KEY",
        &["doubao-"],
    ),
];
