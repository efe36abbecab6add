//! Those who serve open models on machines of their own.

use crate::providers::spec::{ProviderSpec, Quirks};

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
    )
    .with_quirks(Quirks {
        unsupported: &[
            "frequency_penalty",
            "presence_penalty",
            "logit_bias",
            "n",
            "service_tier",
        ],
        ..Quirks::IMITATION
    }),
    ProviderSpec::chat(
        "sambanova",
        "SambaNova",
        "https://api.sambanova.ai/v1",
        "SAMBANOVA_API_KEY",
        &["Meta-Llama-", "DeepSeek-"],
    )
    .with_quirks(Quirks {
        unsupported: &[
            "frequency_penalty",
            "presence_penalty",
            "logit_bias",
            "n",
            "seed",
            "user",
        ],
        ..Quirks::IMITATION
    }),
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
    ProviderSpec::chat(
        "friendli",
        "FriendliAI",
        "https://api.friendli.ai/serverless/v1",
        "FRIENDLI_TOKEN",
        &[],
    ),
    ProviderSpec::chat(
        "wandb",
        "W&B Inference",
        "https://api.inference.wandb.ai/v1",
        "WANDB_API_KEY",
        &[],
    ),
    ProviderSpec::chat(
        "parasail",
        "Parasail",
        "https://api.parasail.io/v1",
        "PARASAIL_API_KEY",
        &["parasail-"],
    ),
    ProviderSpec::chat(
        "chutes",
        "Chutes",
        "https://llm.chutes.ai/v1",
        "CHUTES_API_KEY",
        &["deepseek-ai/", "Qwen/"],
    ),
    ProviderSpec::chat(
        "gmi",
        "GMI Cloud",
        "https://api.gmi-serving.com/v1",
        "GMI_API_KEY",
        &["deepseek-ai/", "Qwen/"],
    ),
    ProviderSpec::chat(
        "crusoe",
        "Crusoe",
        "https://api.inference.crusoecloud.com/v1",
        "CRUSOE_API_KEY",
        &[],
    ),
    ProviderSpec::chat(
        "doubleword",
        "Doubleword",
        "https://api.doubleword.ai/v1",
        "DOUBLEWORD_API_KEY",
        &[],
    ),
    ProviderSpec::chat(
        "publicai",
        "Public AI",
        "https://api.publicai.co/v1",
        "PUBLICAI_API_KEY",
        &["swiss-ai/"],
    ),
    // The machines of Ollama's makers; one's own are `ollama`.
    ProviderSpec::chat(
        "ollamacloud",
        "Ollama Cloud",
        "https://ollama.com/v1",
        "OLLAMA_API_KEY",
        &[],
    ),
];
