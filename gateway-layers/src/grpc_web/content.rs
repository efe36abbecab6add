//! Media types of the two protocols. No I/O.

use http::{HeaderMap, HeaderValue, header};

/// How gRPC-Web is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    Binary,
    /// In base64.
    Text,
}

/// The encoding of a gRPC-Web media type, and what follows it: `+proto`, parameters.
pub(super) fn read(value: &HeaderValue) -> Option<(Encoding, &str)> {
    let rest = strip_prefix(value.to_str().ok()?, WEB)?;
    let (encoding, rest) = match strip_prefix(rest, TEXT) {
        Some(rest) => (Encoding::Text, rest),
        None => (Encoding::Binary, rest),
    };
    ends(rest).then_some((encoding, rest))
}

/// What follows `application/grpc` in a media type of gRPC proper.
pub(super) fn read_grpc(value: &HeaderValue) -> Option<&str> {
    let rest = strip_prefix(value.to_str().ok()?, GRPC)?;
    ends(rest).then_some(rest)
}

/// The media type for the service.
pub(super) fn to_grpc(rest: &str) -> HeaderValue {
    join(GRPC, "", rest)
}

/// The media type for the browser.
pub(super) fn to_web(encoding: Encoding, rest: &str) -> HeaderValue {
    let text = match encoding {
        Encoding::Binary => "",
        Encoding::Text => TEXT,
    };
    join(WEB, text, rest)
}

/// The encoding the client wants of its answer: that of `Accept`, or that of its request.
pub(super) fn wanted(headers: &HeaderMap, sent: Encoding) -> Encoding {
    let accepted = headers.get_all(header::ACCEPT).iter();
    accepted
        .filter_map(|value| Some(read(value)?.0))
        .next()
        .unwrap_or(sent)
}

fn ends(rest: &str) -> bool {
    rest.is_empty() || rest.starts_with(['+', ';', ' '])
}

fn strip_prefix<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let (head, rest) = text.split_at_checked(prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then_some(rest)
}

fn join(kind: &str, text: &str, rest: &str) -> HeaderValue {
    HeaderValue::try_from(format!("{kind}{text}{rest}"))
        .unwrap_or_else(|_| HeaderValue::from_static(GRPC))
}

const GRPC: &str = "application/grpc";
const WEB: &str = "application/grpc-web";
const TEXT: &str = "-text";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_types() {
        let read = |text: &'static str| {
            let value = HeaderValue::from_static(text);
            super::read(&value).map(|(encoding, rest)| (encoding, rest.to_owned()))
        };
        let is = |encoding, rest: &str| Some((encoding, rest.to_owned()));
        assert_eq!(read("application/grpc-web"), is(Encoding::Binary, ""));
        assert_eq!(
            read("Application/gRPC-Web+proto"),
            is(Encoding::Binary, "+proto")
        );
        assert_eq!(
            read("application/grpc-web-text;charset=utf-8"),
            is(Encoding::Text, ";charset=utf-8")
        );
        assert_eq!(
            read("application/grpc-web-text+proto"),
            is(Encoding::Text, "+proto")
        );
        for other in [
            "application/grpc",
            "application/grpc+proto",
            "application/grpc-website",
            "application/grpc-web-texts",
            "application/json",
        ] {
            assert_eq!(read(other), None, "{other}");
        }
        let grpc = HeaderValue::from_static("application/grpc-web");
        assert_eq!(read_grpc(&grpc), None);
    }
}
