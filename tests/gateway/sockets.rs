//! WebSockets of the AI routes, through the binary.

mod client;
mod dismissed;
mod limits;
mod realtime;
mod responses;

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use gateway::doubles::{Serving, model::ModelServer, spawn};
use gateway_tests::{ConfigFile, Gateway, get};

use crate::PROGRAM;

/// A gateway in front of a provider, both on sockets.
struct Scene {
    gateway: Gateway,
    file: ConfigFile,
    model: ModelServer,
    _provider: Serving,
    provider_url: String,
}

impl Scene {
    async fn start() -> Self {
        Self::with(KEYS, "").await
    }

    /// With these layers, and with this in the `ai` section beside providers and models.
    async fn with(layers: &str, ai: &str) -> Self {
        let model = ModelServer::new().key("sk-operator");
        let provider = spawn(model.router()).await.expect("a port");
        let provider_url = provider.url();
        let file = ConfigFile::new("");
        let log = beside(file.path(), "access.log");
        file.replace(&config(&provider_url, &log, layers, ai));
        let gateway = Gateway::start(PROGRAM, &["run", &file.path().display().to_string()]).await;
        Self {
            gateway,
            file,
            model,
            _provider: provider,
            provider_url,
        }
    }

    /// Puts other layers in the file and has it read.
    fn reload(&self, layers: &str) {
        let log = beside(self.file.path(), "access.log");
        let config = config(&self.provider_url, &log, layers, "");
        self.file.replace(&config);
        self.gateway.signal("HUP");
    }

    async fn metrics(&self) -> String {
        get(self.gateway.admin, "/metrics", &[]).await.body
    }

    /// Waits until the metrics have a line. What is counted at the end of a WebSocket
    /// is counted when its task has ended, which no client sees.
    async fn counted(&self, line: &str) {
        for _ in 0..500 {
            if self.metrics().await.lines().any(|one| one == line) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(line, self.metrics().await, "was not counted");
    }

    /// Waits until the access log has a line with all of these.
    async fn logged(&self, parts: &[&str]) {
        let log = beside(self.file.path(), "access.log");
        let read = || std::fs::read_to_string(&log).unwrap_or_default();
        for _ in 0..500 {
            let has = |line: &str| parts.iter().all(|part| line.contains(part));
            if read().lines().any(has) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(parts.join(", "), read(), "was not logged");
    }
}

fn beside(file: &Path, name: &str) -> PathBuf {
    file.with_file_name(name)
}

fn config(provider: &str, log: &Path, layers: &str, ai: &str) -> String {
    format!(
        "listen: 127.0.0.1:0
admin: 127.0.0.1:0
drain: {{ delay: 0s }}
observe: {{ access_log: {{ format: json, to: \"{}\" }} }}
routes:
  ai:
    match: \"/{{*rest}}\"
    layers: {{ {layers} }}
    ai:
      providers:
        openai: {{ base_url: \"{provider}/v1\", keys: [sk-operator] }}
        wrong: {{ kind: openai, base_url: \"{provider}/v1\", keys: [sk-nobody] }}
        away: {{ kind: openai, base_url: \"http://127.0.0.1:9/v1\", keys: [sk-operator] }}
        anthropic: {{ base_url: \"{provider}/v1\", keys: [sk-operator] }}
      models:
        voice: [openai/mock-realtime]
        spare: [away/mock-realtime, openai/mock-realtime]
        dead: [wrong/mock-realtime]
        gone: [openai/missing-realtime]
        chat: [openai/mock-small]
        claude: [anthropic/mock-small]
      {ai}
",
        log.display()
    )
}

const KEYS: &str =
    "api_key: { keys: [{ id: all, key: k-all }, { id: some, key: k-some, models: [voice] }] }";
