use std::borrow::Cow;

use base64::{Engine as _, engine::general_purpose::STANDARD};

/// The parts of a `data:` URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DataUrl<'a> {
    /// The media type without parameters; `text/plain` if none is given.
    pub(crate) media_type: &'a str,
    /// Standard base64 of the content.
    pub(crate) base64: Cow<'a, str>,
}

/// Reads a `data:` URL (RFC 2397): parameters, an optional `;base64`, percent-encoding otherwise.
pub(crate) fn data_url(url: &str) -> Option<DataUrl<'_>> {
    let scheme = url.get(..5)?;
    if !scheme.eq_ignore_ascii_case("data:") {
        return None;
    }
    let (head, content) = url[5..].split_once(',')?;
    let mut parts = head.split(';').map(str::trim);
    let media_type = parts
        .next()
        .filter(|kind| !kind.is_empty())
        .unwrap_or("text/plain");
    let base64 = if parts.any(|part| part.eq_ignore_ascii_case("base64")) {
        Cow::Borrowed(content)
    } else {
        Cow::Owned(STANDARD.encode(percent_decode(content)))
    };
    Some(DataUrl { media_type, base64 })
}

fn percent_decode(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let decoded = (bytes[at] == b'%')
            .then(|| text.get(at + 1..at + 3))
            .flatten()
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        at += if decoded.is_some() { 3 } else { 1 };
        out.push(decoded.unwrap_or(bytes[at - 1]));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_form() {
        let read =
            |url| data_url(url).map(|url| (url.media_type.to_owned(), url.base64.into_owned()));
        let pair = |a: &str, b: &str| Some((a.to_owned(), b.to_owned()));
        assert_eq!(
            read("data:image/png;base64,AAAA"),
            pair("image/png", "AAAA")
        );
        assert_eq!(
            read("data:image/png;name=a.png;base64,AAAA"),
            pair("image/png", "AAAA")
        );
        assert_eq!(read("DATA:,a%20b"), pair("text/plain", "YSBi"));
        assert_eq!(
            read("data:text/html;charset=utf-8,%3Cp%3E%zz"),
            pair("text/html", "PHA+JXp6")
        );
        assert_eq!(read("https://example.com/a.png"), None);
        assert_eq!(read("data:"), None);
        assert_eq!(read("däta:,x"), None);
    }
}
