use bytes::Bytes;

/// A response body a gateway refusal can be put into.
///
/// Implemented for every body that is `From<Bytes>`: axum's `Body`, `Full<Bytes>`,
/// [`gateway_core::Body`](crate::Body). A service that answers with another body is wrapped with
/// [`BodyLayer`](crate::service::BodyLayer), which makes it answer with `gateway_core::Body`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot carry a gateway refusal",
    label = "this response body is not `From<Bytes>`",
    note = "wrap the inner service with `gateway_core::service::BodyLayer`, or answer with a body that is `From<Bytes>` (axum's `Body`, `Full<Bytes>`, `gateway_core::Body`)"
)]
pub trait RejectBody: Sized {
    /// The body of a refusal.
    fn from_rejection(content: Bytes) -> Self;
}

// Without this attribute rustc reports the unmet `From<Bytes>` and hides the note above.
#[diagnostic::do_not_recommend]
impl<T: From<Bytes>> RejectBody for T {
    fn from_rejection(content: Bytes) -> Self {
        Self::from(content)
    }
}
