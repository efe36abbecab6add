//! Clouds: their accounts are more than a key.

use crate::{
    dialect::Dialect,
    providers::spec::{Auth, ProviderSpec, Quirks},
};

pub(in crate::providers) const CLOUDS: &[ProviderSpec] = &[
    // Every region has an address of its own. Takes signed requests, or Bedrock's API keys. Claude's
    // own clients have it invoked in its own words.
    ProviderSpec {
        kind: "bedrock",
        title: "Amazon Bedrock",
        dialect: Dialect::Converse,
        base_url: None,
        auth: Auth::Aws { service: "bedrock" },
        key_env: Some("AWS_BEARER_TOKEN_BEDROCK"),
        keyless: false,
        quirks: Quirks::NONE,
        families: &[
            "anthropic.claude-",
            "amazon.nova-",
            "meta.llama",
            "mistral.",
            "us.",
            "eu.",
            "global.",
        ],
    },
    // Imitates Chat under paths and names of its own. Its key is exchanged for access tokens.
    ProviderSpec {
        kind: "watsonx",
        title: "IBM watsonx.ai",
        dialect: Dialect::Chat,
        base_url: Some("https://{region}.ml.cloud.ibm.com"),
        auth: Auth::Ibm,
        key_env: Some("WATSONX_APIKEY"),
        keyless: false,
        quirks: Quirks {
            stream_usage: false,
            unsupported: &[
                "user",
                "store",
                "metadata",
                "service_tier",
                "parallel_tool_calls",
            ],
            ..Quirks::IMITATION
        },
        families: &[
            "ibm/granite-",
            "meta-llama/",
            "mistralai/",
            "openai/gpt-oss-",
        ],
    },
    // Gemini and, in Anthropic's dialect, Claude. Every project has an address of its own.
    ProviderSpec {
        kind: "vertex",
        title: "Google Vertex AI",
        dialect: Dialect::Gemini,
        base_url: None,
        auth: Auth::Google,
        key_env: None,
        keyless: false,
        quirks: Quirks::NONE,
        families: &["gemini-", "claude-"],
    },
];
