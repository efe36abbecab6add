use std::{
    any::Any,
    convert::Infallible,
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_body_util::{Empty, Full};

use crate::BoxError;

type Boxed = Pin<Box<dyn HttpBody<Data = Bytes, Error = BoxError> + Send>>;

/// The body of a request or response inside a gateway stack.
///
/// It is empty, a single buffer, or anything else behind one box. `Send`, not `Sync`, and always
/// `Unpin`.
///
/// ```
/// use gateway_core::Body;
/// use http_body::Body as _;
///
/// let once = Body::from("hello");
/// let twice = Body::new(once); // still a single buffer, nothing was boxed
/// assert_eq!(twice.size_hint().exact(), Some(5));
/// ```
pub struct Body {
    kind: Kind,
}

enum Kind {
    /// Without bytes, it has ended.
    Full(Bytes),
    Boxed(Boxed),
}

impl Body {
    /// A body without data and trailers.
    #[must_use]
    pub const fn empty() -> Self {
        Self {
            kind: Kind::Full(Bytes::new()),
        }
    }

    /// Wraps any body of bytes.
    ///
    /// `Body`, `Full<Bytes>`, `Empty<Bytes>` and (feature `incoming`) hyper's `Incoming` without a
    /// content are recognised and unwrapped; everything else is boxed once.
    pub fn new<B>(body: B) -> Self
    where
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let body = match take::<B, Self>(body) {
            Ok(body) => return body,
            Err(body) => body,
        };
        #[cfg(feature = "incoming")]
        let body = match take::<B, hyper::body::Incoming>(body) {
            Ok(incoming) if incoming.is_end_stream() => return Self::empty(),
            Ok(incoming) => return Self::boxed(incoming),
            Err(body) => body,
        };
        let body = match take::<B, Full<Bytes>>(body) {
            Ok(full) => return Self::from_full(full),
            Err(body) => body,
        };
        match take::<B, Empty<Bytes>>(body) {
            Ok(_) => Self::empty(),
            Err(body) => Self::boxed(body),
        }
    }

    fn boxed<B>(body: B) -> Self
    where
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        Self {
            kind: Kind::Boxed(Box::pin(MapErr { inner: body })),
        }
    }

    fn from_full(mut full: Full<Bytes>) -> Self {
        let mut cx = Context::from_waker(std::task::Waker::noop());
        match Pin::new(&mut full).poll_frame(&mut cx) {
            Poll::Ready(Some(Ok(frame))) => {
                frame.into_data().map_or_else(|_| Self::empty(), Self::from)
            }
            _ => Self::empty(),
        }
    }

    /// The whole content, if it is already in memory. Costs no copy.
    #[must_use]
    pub fn as_bytes(&self) -> Option<&Bytes> {
        match &self.kind {
            Kind::Full(bytes) => Some(bytes),
            Kind::Boxed(_) => None,
        }
    }
}

/// Moves `value` out as a `T` if that is what it is; decided at compile time, costs nothing.
fn take<V: 'static, T: 'static>(value: V) -> Result<T, V> {
    let mut slot = Some(value);
    match (&mut slot as &mut dyn Any).downcast_mut::<Option<T>>() {
        Some(found) => Ok(found.take().expect("the slot was filled above")),
        None => Err(slot.expect("the slot was filled above")),
    }
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = self.get_mut();
        match &mut this.kind {
            Kind::Full(bytes) if bytes.is_empty() => Poll::Ready(None),
            Kind::Full(bytes) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
            Kind::Boxed(body) => body.as_mut().poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.kind {
            Kind::Full(bytes) => bytes.is_empty(),
            Kind::Boxed(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            Kind::Full(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Kind::Boxed(body) => body.size_hint(),
        }
    }
}

impl Default for Body {
    fn default() -> Self {
        Self::empty()
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match &self.kind {
            Kind::Full(bytes) if bytes.is_empty() => "Empty",
            Kind::Full(_) => "Full",
            Kind::Boxed(_) => "Boxed",
        };
        f.debug_struct("Body")
            .field("kind", &kind)
            .field("size_hint", &self.size_hint())
            .finish()
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        Self {
            kind: Kind::Full(bytes),
        }
    }
}

macro_rules! from_bytes {
    ($($ty:ty),*) => {$(
        impl From<$ty> for Body {
            fn from(value: $ty) -> Self {
                Self::from(Bytes::from(value))
            }
        }
    )*};
}

from_bytes!(Vec<u8>, String, &'static str, &'static [u8]);

impl From<()> for Body {
    fn from((): ()) -> Self {
        Self::empty()
    }
}

#[cfg(feature = "incoming")]
impl From<hyper::body::Incoming> for Body {
    fn from(body: hyper::body::Incoming) -> Self {
        Self::new(body)
    }
}

impl From<Full<Bytes>> for Body {
    fn from(body: Full<Bytes>) -> Self {
        Self::from_full(body)
    }
}

impl From<Empty<Bytes>> for Body {
    fn from(_: Empty<Bytes>) -> Self {
        Self::empty()
    }
}

impl From<Infallible> for Body {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

pin_project_lite::pin_project! {
    /// `http_body_util`'s `MapErr` with the conversion fixed, so that the box holds no closure.
    struct MapErr<B> {
        #[pin]
        inner: B,
    }
}

impl<B> HttpBody for MapErr<B>
where
    B: HttpBody<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        self.project().inner.poll_frame(cx).map_err(Into::into)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn _auto_traits() {
        fn send<T: Send + Unpin + 'static>() {}
        send::<Body>();
    }

    /// A request is moved some forty times between a socket and the next, and a copy of more than
    /// 256 bytes takes twice as long.
    #[test]
    fn a_request_is_small() {
        assert_eq!(size_of::<Body>(), size_of::<Bytes>());
        assert!(size_of::<crate::Request>() <= 256);
    }

    #[test]
    fn known_bodies_are_not_boxed() {
        assert!(Body::new(Body::from("x")).as_bytes().is_some());
        assert!(
            Body::new(Full::new(Bytes::from_static(b"x")))
                .as_bytes()
                .is_some()
        );
        assert!(Body::new(Empty::new()).is_end_stream());
    }

    #[test]
    fn an_empty_buffer_is_the_end() {
        assert!(Body::from("").is_end_stream());
        assert!(Body::new(Full::new(Bytes::new())).is_end_stream());
    }

    #[test]
    fn a_foreign_body_is_boxed_once() {
        let foreign = http_body_util::Limited::new(Body::from("abc"), 10);
        let body = Body::new(foreign);
        assert!(matches!(body.kind, Kind::Boxed(_)));
        assert_eq!(body.size_hint().exact(), Some(3));
        let again = Body::new(body);
        assert!(matches!(again.kind, Kind::Boxed(_)));
    }
}
