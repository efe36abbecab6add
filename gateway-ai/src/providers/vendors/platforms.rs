//! Data platforms that serve models beside the data: every account has an address of its own.

use crate::{
    dialect::MaxTokensField,
    providers::spec::{ProviderSpec, Quirks},
};

pub(in crate::providers) const PLATFORMS: &[ProviderSpec] = &[
    // Takes a programmatic access token.
    ProviderSpec::chat(
        "snowflake",
        "Snowflake Cortex",
        "https://{account}.snowflakecomputing.com/api/v2/cortex/v1",
        "SNOWFLAKE_PAT",
        &["claude-", "openai-", "llama", "mistral-", "snowflake-"],
    )
    .with_quirks(Quirks {
        max_tokens_field: Some(MaxTokensField::MaxCompletionTokens),
        ..Quirks::IMITATION
    }),
    ProviderSpec::chat(
        "databricks",
        "Databricks",
        "https://{workspace}/serving-endpoints",
        "DATABRICKS_TOKEN",
        &["databricks-"],
    )
    .with_quirks(Quirks {
        unsupported: &[
            "frequency_penalty",
            "presence_penalty",
            "logit_bias",
            "parallel_tool_calls",
            "seed",
            "user",
        ],
        ..Quirks::IMITATION
    }),
    ProviderSpec::chat(
        "cloudflare",
        "Cloudflare Workers AI",
        "https://api.cloudflare.com/client/v4/accounts/{account}/ai/v1",
        "CLOUDFLARE_API_TOKEN",
        &["@cf/"],
    ),
];
