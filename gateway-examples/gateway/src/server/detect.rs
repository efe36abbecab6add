use std::io;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt as _};

/// What a client speaks on a cleartext connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spoken {
    Http1,
    Http2,
    /// Not HTTP: what should be a method has no end.
    Neither,
}

/// The longest registered method has 17 characters.
pub(super) const MAX_METHOD: usize = 32;
/// RFC 9113 §3.4.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Reads until the bytes differ from the HTTP/2 preface or are all of it.
///
/// `None` if the client closed before it said anything. The caller sets the deadline: a client that
/// sends a part of the preface and stops would otherwise hold the connection for ever.
pub(super) async fn detect<T: AsyncRead + Unpin>(
    io: &mut T,
) -> io::Result<Option<(Spoken, Bytes)>> {
    let mut read = BytesMut::with_capacity(1024);
    loop {
        if io.read_buf(&mut read).await? == 0 {
            let said = (!read.is_empty()).then(|| (Spoken::Http1, read.freeze()));
            return Ok(said);
        }
        let compared = read.len().min(PREFACE.len());
        if read[..compared] != PREFACE[..compared] {
            if read.len() > MAX_METHOD && !read[..=MAX_METHOD].contains(&b' ') {
                return Ok(Some((Spoken::Neither, Bytes::new())));
            }
            return Ok(Some((Spoken::Http1, read.freeze())));
        }
        if compared == PREFACE.len() {
            return Ok(Some((Spoken::Http2, read.freeze())));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn tells_the_preface_from_a_request_line() {
        let http1 = detect(&mut &b"PRINT /x HTTP/1.1\r\n"[..])
            .await
            .unwrap()
            .unwrap();
        assert_eq!(http1.0, Spoken::Http1);
        let http2 = detect(&mut &b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nmore"[..])
            .await
            .unwrap()
            .unwrap();
        assert_eq!(http2.0, Spoken::Http2);
        assert!(http2.1.ends_with(b"more"));
        let neither = detect(&mut &[b'A'; 100][..]).await.unwrap().unwrap();
        assert_eq!(neither.0, Spoken::Neither);
        assert!(detect(&mut &b""[..]).await.unwrap().is_none());
    }
}
