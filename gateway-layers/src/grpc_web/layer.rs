use tower_layer::Layer;

use super::GrpcWeb;

/// Turns gRPC-Web into gRPC, and back.
///
/// See the [module docs](crate::grpc_web) for an example.
#[derive(Clone, Copy, Debug, Default)]
pub struct GrpcWebLayer {
    _priv: (),
}

impl GrpcWebLayer {
    /// The layer.
    #[must_use]
    pub const fn new() -> Self {
        Self { _priv: () }
    }
}

impl<S> Layer<S> for GrpcWebLayer {
    type Service = GrpcWeb<S>;

    fn layer(&self, inner: S) -> GrpcWeb<S> {
        GrpcWeb::new(inner)
    }
}
