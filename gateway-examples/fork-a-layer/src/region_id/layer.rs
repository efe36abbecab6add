use std::sync::Arc;

use tower_layer::Layer;

use super::service::RegionId;

/// Gives every request an id that begins with the region.
#[derive(Clone, Debug)]
pub(crate) struct RegionIdLayer {
    region: Arc<str>,
}

impl RegionIdLayer {
    /// Ids begin with `region` and a hyphen.
    pub(crate) fn new(region: &str) -> Self {
        Self {
            region: region.into(),
        }
    }
}

impl<S> Layer<S> for RegionIdLayer {
    type Service = RegionId<S>;

    fn layer(&self, inner: S) -> Self::Service {
        RegionId {
            inner,
            region: Arc::clone(&self.region),
        }
    }
}
