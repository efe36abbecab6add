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
mod returning;
mod sharing;
mod signed;
mod silent;
mod sockets;
mod surfaces;
mod tls;
mod upstreams;

const PROGRAM: &str = env!("CARGO_BIN_EXE_gateway-under-test");
