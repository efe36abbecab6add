//! What the gateway carries, between clients and upstreams of either HTTP.

mod both;
mod grpc;
mod stream;
mod support;
mod websocket;
