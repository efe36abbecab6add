use http::HeaderValue;

/// The id of a request, the same in the response, the logs and upstream.
///
/// Always visible ASCII, so that it can be logged and echoed as it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RequestId(HeaderValue);

impl RequestId {
    /// Takes `value` if it is 1 to 128 visible ASCII characters.
    ///
    /// An id that arrives from outside lands in logs and headers; control characters and megabytes
    /// have no business there.
    #[must_use]
    pub fn new(value: HeaderValue) -> Option<Self> {
        let bytes = value.as_bytes();
        let fits = (1..=128).contains(&bytes.len());
        (fits && bytes.iter().all(u8::is_ascii_graphic)).then_some(Self(value))
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.to_str().expect("checked in `new`: visible ASCII")
    }

    /// The id as a header value.
    #[must_use]
    pub const fn header_value(&self) -> &HeaderValue {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_does_not_belong_in_a_log() {
        assert!(RequestId::new(HeaderValue::from_static("abc-1")).is_some());
        assert!(RequestId::new(HeaderValue::from_static("")).is_none());
        assert!(RequestId::new(HeaderValue::from_static("a b")).is_none());
        assert!(RequestId::new(HeaderValue::from_bytes(b"\xff").unwrap()).is_none());
        assert!(RequestId::new("a".repeat(129).parse().unwrap()).is_none());
    }
}
