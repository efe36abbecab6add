//! Servers one runs oneself, at the address they choose when told nothing.

use crate::providers::spec::ProviderSpec;

pub(in crate::providers) const LOCAL: &[ProviderSpec] = &[
    ProviderSpec::local("ollama", "Ollama", "http://127.0.0.1:11434/v1"),
    ProviderSpec::local("vllm", "vLLM", "http://127.0.0.1:8000/v1"),
    ProviderSpec::local("sglang", "SGLang", "http://127.0.0.1:30000/v1"),
    ProviderSpec::local("llamacpp", "llama.cpp server", "http://127.0.0.1:8080/v1"),
    ProviderSpec::local("lmstudio", "LM Studio", "http://127.0.0.1:1234/v1"),
    ProviderSpec::local(
        "tgi",
        "Text Generation Inference",
        "http://127.0.0.1:3000/v1",
    ),
];
