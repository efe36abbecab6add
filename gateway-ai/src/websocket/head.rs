//! The head of a frame (RFC 6455 §5.2).

use bytes::{BufMut, BytesMut};

use super::{Fault, Peer};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Opcode {
    Continuation,
    Text,
    Binary,
    Close,
    Ping,
    Pong,
}

impl Opcode {
    const fn of(nibble: u8) -> Option<Self> {
        Some(match nibble {
            0x0 => Self::Continuation,
            0x1 => Self::Text,
            0x2 => Self::Binary,
            0x8 => Self::Close,
            0x9 => Self::Ping,
            0xa => Self::Pong,
            _ => return None,
        })
    }

    const fn nibble(self) -> u8 {
        match self {
            Self::Continuation => 0x0,
            Self::Text => 0x1,
            Self::Binary => 0x2,
            Self::Close => 0x8,
            Self::Ping => 0x9,
            Self::Pong => 0xa,
        }
    }

    pub(super) const fn is_control(self) -> bool {
        matches!(self, Self::Close | Self::Ping | Self::Pong)
    }
}

/// What a frame says of itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct Head {
    pub(super) last: bool,
    pub(super) opcode: Opcode,
    pub(super) mask: Option<[u8; 4]>,
    pub(super) length: u64,
}

impl Head {
    /// Reads a head and says how long it is; `None` while it is not there as a whole.
    pub(super) fn read(bytes: &[u8], from: Peer) -> Result<Option<(Self, usize)>, Fault> {
        let &[first, second, ref rest @ ..] = bytes else {
            return Ok(None);
        };
        if first & RESERVED != 0 {
            return Err(Fault::Protocol("an extension that was not agreed on"));
        }
        let opcode = Opcode::of(first & 0x0f).ok_or(Fault::Protocol("an unknown opcode"))?;
        let masked = second & MASKED != 0;
        if masked != (from == Peer::Client) {
            return Err(Fault::Protocol("clients mask, servers do not"));
        }
        let last = first & LAST != 0;
        let short = second & !MASKED;
        if opcode.is_control() && (!last || short > CONTROL_LIMIT) {
            return Err(Fault::Protocol("a control frame is short and whole"));
        }
        let (length, rest, wide) = match short {
            126 => match rest.split_first_chunk::<2>() {
                Some((length, rest)) => (u64::from(u16::from_be_bytes(*length)), rest, 2),
                None => return Ok(None),
            },
            127 => match rest.split_first_chunk::<8>() {
                Some((length, rest)) => (u64::from_be_bytes(*length), rest, 8),
                None => return Ok(None),
            },
            short => (u64::from(short), rest, 0),
        };
        let minimal = match wide {
            2 => length >= 126,
            8 => u16::try_from(length).is_err() && i64::try_from(length).is_ok(),
            _ => true,
        };
        if !minimal {
            return Err(Fault::Protocol(
                "a length in another than the shortest form",
            ));
        }
        let mask = match (masked, rest.first_chunk::<4>()) {
            (false, _) => None,
            (true, Some(mask)) => Some(*mask),
            (true, None) => return Ok(None),
        };
        let head = Self {
            last,
            opcode,
            mask,
            length,
        };
        Ok(Some((head, 2 + wide + if masked { 4 } else { 0 })))
    }

    pub(super) fn write(&self, out: &mut BytesMut) {
        out.put_u8(self.opcode.nibble() | if self.last { LAST } else { 0 });
        let masked = if self.mask.is_some() { MASKED } else { 0 };
        match (u8::try_from(self.length), u16::try_from(self.length)) {
            (Ok(short @ ..=CONTROL_LIMIT), _) => out.put_u8(masked | short),
            (_, Ok(medium)) => {
                out.put_u8(masked | 126);
                out.put_u16(medium);
            }
            _ => {
                out.put_u8(masked | 127);
                out.put_u64(self.length);
            }
        }
        if let Some(mask) = self.mask {
            out.put_slice(&mask);
        }
    }
}

/// Masking and unmasking are the same (§5.3); `at` is where in the frame `bytes` begin.
pub(super) fn mask(bytes: &mut [u8], mask: [u8; 4], at: usize) {
    for (byte, at) in bytes.iter_mut().zip(at..) {
        *byte ^= mask[at % 4];
    }
}

const LAST: u8 = 0x80;
const RESERVED: u8 = 0x70;
const MASKED: u8 = 0x80;
/// §5.5; what is longer needs a wider length as well.
const CONTROL_LIMIT: u8 = 125;
