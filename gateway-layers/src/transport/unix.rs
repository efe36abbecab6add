//! Unix sockets as targets. A URI has no place for a path to connect to, so it stands in hexadecimal
//! where the host is; what people write and read is `unix:/path`.

use std::{fmt::Write as _, path::PathBuf};

use http::Uri;

/// Reads the URL of an upstream: `http://…`, `https://…`, or a Unix socket of this machine as
/// `unix:/run/app.sock`, or with a base path as `http+unix://%2Frun%2Fapp.sock/base`.
///
/// The URI of a socket has the scheme `unix` and is for [`Client::origin`](super::Client::origin)
/// alone. `None` if the text is no URL.
#[must_use]
pub fn target(text: &str) -> Option<Uri> {
    if let Some(path) = text.strip_prefix("unix:") {
        let path = path.strip_prefix("//").unwrap_or(path);
        return uri(path.as_bytes(), "");
    }
    if let Some(rest) = text.strip_prefix("http+unix://") {
        let (socket, base) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        return uri(&decoded(socket)?, base);
    }
    text.parse().ok()
}

fn uri(path: &[u8], base: &str) -> Option<Uri> {
    if !path.starts_with(b"/") || path.len() > MAX_PATH || path.contains(&0) {
        return None;
    }
    let mut text = String::from("unix://");
    for byte in path {
        _ = write!(text, "{byte:02x}");
    }
    text.push_str(if base.is_empty() { "/" } else { base });
    text.parse().ok()
}

fn decoded(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        if *first == b'%' {
            let (digits, after) = after.split_first_chunk()?;
            bytes.push(byte(*digits)?);
            rest = after;
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    Some(bytes)
}

fn byte([high, low]: [u8; 2]) -> Option<u8> {
    let digit = |digit: u8| (digit as char).to_digit(16);
    u8::try_from(digit(high)? * 16 + digit(low)?).ok()
}

/// The socket that `uri` is about, if it is about one.
#[must_use]
pub(crate) fn socket(uri: &Uri) -> Option<PathBuf> {
    if uri.scheme_str() != Some("unix") {
        return None;
    }
    let bytes = uri.host()?.as_bytes().chunks(2);
    let bytes = bytes
        .map(|digits| byte(*digits.first_chunk()?))
        .collect::<Option<Vec<_>>>()?;
    Some(PathBuf::from(String::from_utf8(bytes).ok()?))
}

/// `sun_path` with its NUL.
const MAX_PATH: usize = 107;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_there_and_back() {
        for (text, path, base) in [
            ("unix:/run/app.sock", "/run/app.sock", "/"),
            ("unix:///run/App é.sock", "/run/App é.sock", "/"),
            ("http+unix://%2Frun%2fapp.sock", "/run/app.sock", "/"),
            (
                "http+unix://%2Frun%2Fapp.sock/v1/x",
                "/run/app.sock",
                "/v1/x",
            ),
        ] {
            let uri = target(text).unwrap();
            assert_eq!(socket(&uri), Some(path.into()), "{text}");
            assert_eq!(uri.path(), base, "{text}");
        }
        for text in [
            "unix:",
            "unix:app.sock",
            "http+unix://run",
            "http+unix://%2",
            "http+unix://%zz",
        ] {
            assert_eq!(target(text), None, "{text}");
        }
        let plain = target("http://a.example/b").unwrap();
        assert_eq!(socket(&plain), None);
        assert_eq!(socket(&"unix://2f7/".parse().unwrap()), None);
    }
}
