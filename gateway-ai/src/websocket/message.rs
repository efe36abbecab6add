use bytes::{BufMut, Bytes, BytesMut};

use super::{
    Fault,
    head::{self, Head, Opcode},
};

/// A message, whole and unmasked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// UTF-8.
    Text(Bytes),
    /// Bytes.
    Binary(Bytes),
    /// To be answered by a [`Pong`](Self::Pong) with the same bytes.
    Ping(Bytes),
    /// The answer to a ping, or a sign of life.
    Pong(Bytes),
    /// The last message of this peer.
    Close(Option<Close>),
}

/// Why a peer closes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Close {
    /// The status code (RFC 6455 §7.4).
    pub code: u16,
    /// UTF-8, of at most 123 bytes.
    pub reason: Bytes,
}

impl Close {
    /// A reason in words, shortened to what fits.
    #[must_use]
    pub fn new(code: u16, reason: &str) -> Self {
        let end = reason.floor_char_boundary(REASON_LIMIT);
        Self {
            code,
            reason: Bytes::copy_from_slice(&reason.as_bytes()[..end]),
        }
    }

    pub(super) fn read(payload: &Bytes) -> Result<Option<Self>, Fault> {
        if payload.is_empty() {
            return Ok(None);
        }
        let code = payload.first_chunk::<2>();
        let code = code.ok_or(Fault::Protocol("half a status code"))?;
        let code = u16::from_be_bytes(*code);
        // What is reserved, or never sent (§7.4.1, §7.4.2).
        if !matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999) {
            return Err(Fault::Protocol("a status code that is not sent"));
        }
        let reason = payload.slice(2..);
        if std::str::from_utf8(&reason).is_err() {
            return Err(Fault::NotUtf8);
        }
        Ok(Some(Self { code, reason }))
    }
}

/// Writes a message as one frame. Clients mask with bytes nobody can foresee (RFC 6455 §5.3), servers
/// do not mask.
pub fn write(message: &Message, mask: Option<[u8; 4]>, out: &mut BytesMut) {
    let mut closing = BytesMut::new();
    let (opcode, payload) = match message {
        Message::Text(bytes) => (Opcode::Text, &bytes[..]),
        Message::Binary(bytes) => (Opcode::Binary, &bytes[..]),
        Message::Ping(bytes) => (Opcode::Ping, control(bytes)),
        Message::Pong(bytes) => (Opcode::Pong, control(bytes)),
        Message::Close(None) => (Opcode::Close, &[][..]),
        Message::Close(Some(Close { code, reason })) => {
            closing.put_u16(*code);
            closing.put_slice(&reason[..reason.len().min(REASON_LIMIT)]);
            (Opcode::Close, &closing[..])
        }
    };
    let head = Head {
        last: true,
        opcode,
        mask,
        length: payload.len() as u64,
    };
    head.write(out);
    let from = out.len();
    out.put_slice(payload);
    if let Some(mask) = mask {
        head::mask(&mut out[from..], mask, 0);
    }
}

/// A control frame has no room for more.
fn control(bytes: &[u8]) -> &[u8] {
    &bytes[..bytes.len().min(REASON_LIMIT + 2)]
}

const REASON_LIMIT: usize = 123;
