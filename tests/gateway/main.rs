//! The gateway as an operator meets it: a process with a config file, signals and exit codes.

mod aggregate;
mod attacks;
mod balancing;
mod certs;
mod config;
mod conversations;
mod delivery;
mod demo;
mod faults;
mod kept;
mod lifecycle;
mod listeners;
mod names;
mod nginx;
mod prices;
mod protocols;
mod readme;
mod resilience;
mod resolved;
mod returning;
mod sharing;
mod signed;
mod silent;
mod sockets;
mod sticky;
mod surfaces;
mod tls;
mod upstream_tls;
mod upstreams;

use gateway_tests::{ConfigFile, Gateway};

const PROGRAM: &str = env!("CARGO_BIN_EXE_gateway-under-test");

/// A gateway that is models and nothing else: `ai` is what its only route says of them.
async fn models(ai: &str) -> (Gateway, ConfigFile) {
    let file = ConfigFile::new(&format!(
        "listen: 127.0.0.1:0
admin: 127.0.0.1:0
routes:
  ai:
    match: \"/{{*rest}}\"
    ai: {ai}
"
    ));
    let gateway = Gateway::start(PROGRAM, &["run", &file.path().display().to_string()]).await;
    (gateway, file)
}
