//! What the gateway carries, between clients and upstreams of either HTTP.

mod both;
mod forward;
mod grpc;
mod interim;
mod stream;
pub(crate) mod support;
mod tonic;
mod websocket;
