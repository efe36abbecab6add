//! Those who sell access to the models of many others.

use crate::{
    dialect::ReasoningHistory,
    providers::spec::{ProviderSpec, Quirks},
};

pub(in crate::providers) const AGGREGATORS: &[ProviderSpec] = &[
    ProviderSpec::chat(
        "openrouter",
        "OpenRouter",
        "https://openrouter.ai/api/v1",
        "OPENROUTER_API_KEY",
        &[
            "openai/",
            "anthropic/",
            "google/",
            "meta-llama/",
            "deepseek/",
            "qwen/",
        ],
    )
    .with_quirks(Quirks {
        reasoning_history: Some(ReasoningHistory::Details),
        cache_marks: true,
        ..Quirks::IMITATION
    }),
    ProviderSpec::chat(
        "huggingface",
        "Hugging Face Inference Providers",
        "https://router.huggingface.co/v1",
        "HF_TOKEN",
        &["meta-llama/", "Qwen/", "deepseek-ai/", "openai/gpt-oss-"],
    ),
    ProviderSpec::chat(
        "github",
        "GitHub Models",
        "https://models.github.ai/inference",
        "GITHUB_TOKEN",
        &["openai/", "meta/", "microsoft/", "deepseek/"],
    ),
    ProviderSpec::chat(
        "vercel",
        "Vercel AI Gateway",
        "https://ai-gateway.vercel.sh/v1",
        "AI_GATEWAY_API_KEY",
        &["openai/", "anthropic/", "google/"],
    ),
    ProviderSpec::chat(
        "venice",
        "Venice",
        "https://api.venice.ai/api/v1",
        "VENICE_API_KEY",
        &["venice-", "llama-", "qwen"],
    ),
    ProviderSpec::chat("poe", "Poe", "https://api.poe.com/v1", "POE_API_KEY", &[]),
    ProviderSpec::chat(
        "aihubmix",
        "AIHubMix",
        "https://aihubmix.com/v1",
        "AIHUBMIX_API_KEY",
        &[],
    ),
    ProviderSpec::chat(
        "nanogpt",
        "NanoGPT",
        "https://nano-gpt.com/api/v1",
        "NANOGPT_API_KEY",
        &[],
    ),
];
