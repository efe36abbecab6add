//! Those who serve open models on machines of their own.

use crate::providers::spec::ProviderSpec;

pub(in crate::providers) const HOSTS: &[ProviderSpec] = &[
    ProviderSpec::chat(
        "groq",
        "Groq",
        "https://api.groq.com/openai/v1",
        "GROQ_API_KEY",
        &[
            "llama-",
            "openai/gpt-oss-",
            "moonshotai/",
            "qwen/",
            "whisper-",
        ],
    ),
    ProviderSpec::chat(
        "cerebras",
        "Cerebras",
        "https://api.cerebras.ai/v1",
        "CEREBRAS_API_KEY",
        &["llama", "qwen-", "gpt-oss-"],
    ),
    ProviderSpec::chat(
        "sambanova",
        "SambaNova",
        "https://api.sambanova.ai/v1",
        "SAMBANOVA_API_KEY",
        &["Meta-Llama-", "DeepSeek-"],
    ),
    ProviderSpec::chat(
        "together",
        "Together AI",
        "https://api.together.xyz/v1",
        "TOGETHER_API_KEY",
        &["meta-llama/", "Qwen/", "deepseek-ai/", "mistralai/"],
    ),
    ProviderSpec::chat(
        "fireworks",
        "Fireworks AI",
        "https://api.fireworks.ai/inference/v1",
        "FIREWORKS_API_KEY",
        &["accounts/fireworks/models/"],
    ),
    ProviderSpec::chat(
        "nvidia",
        "NVIDIA NIM",
        "https://integrate.api.nvidia.com/v1",
        "NVIDIA_API_KEY",
        &["nvidia/", "meta/", "mistralai/", "deepseek-ai/"],
    ),
    ProviderSpec::chat(
        "nebius",
        "Nebius",
        "https://api.studio.nebius.com/v1",
        "NEBIUS_API_KEY",
        &["meta-llama/", "Qwen/", "deepseek-ai/"],
    ),
    ProviderSpec::chat(
        "novita",
        "Novita AI",
        "https://api.novita.ai/v3/openai",
        "NOVITA_API_KEY",
        &["meta-llama/", "qwen/", "deepseek/"],
    ),
    ProviderSpec::chat(
        "deepinfra",
        "DeepInfra",
        "https://api.deepinfra.com/v1/openai",
        "DEEPINFRA_API_KEY",
        &["meta-llama/", "Qwen/", "deepseek-ai/"],
    ),
    ProviderSpec::chat(
        "hyperbolic",
        "Hyperbolic",
        "https://api.hyperbolic.xyz/v1",
        "HYPERBOLIC_API_KEY",
        &["meta-llama/", "Qwen/", "deepseek-ai/"],
    ),
    ProviderSpec::chat(
        "baseten",
        "Baseten",
        "https://inference.baseten.co/v1",
        "BASETEN_API_KEY",
        &["deepseek-ai/", "moonshotai/", "openai/gpt-oss-"],
    ),
    ProviderSpec::chat(
        "scaleway",
        "Scaleway",
        "https://api.scaleway.ai/v1",
        "SCW_SECRET_KEY",
        &["llama-", "mistral-", "qwen"],
    ),
];
