//! WebSocket messages (RFC 6455), cut from bytes and written to them.
//!
//! [`Reader`] puts messages together wherever the bytes are cut and however a message was
//! fragmented, with control frames between the fragments (§5.4). It is strict where the RFC is:
//! reserved bits, unknown opcodes, a mask on the wrong side, long or fragmented control frames and
//! text that is not UTF-8 are [`Fault`]s, each with the status code its close frame has (§7.4.1).
//! Memory is bounded: a message has a size limit that is enforced from the length it announces,
//! before its bytes are there.
//!
//! Extensions are not spoken: who hands on a handshake leaves `Sec-WebSocket-Extensions` out, so that
//! messages stay readable.
//!
//! ```
//! use bytes::{Bytes, BytesMut};
//! use gateway_ai::websocket::{Message, Peer, Reader, write};
//!
//! let mut wire = BytesMut::new();
//! let hello = Message::Text(Bytes::from_static(b"hello"));
//! write(&hello, Some([1, 2, 3, 4]), &mut wire);
//!
//! let mut reader = Reader::new(Peer::Client, 1024);
//! reader.push(&wire[..3]);
//! assert_eq!(reader.next_message()?, None);
//! reader.push(&wire[3..]);
//! assert_eq!(reader.next_message()?, Some(hello));
//! # Ok::<(), gateway_ai::websocket::Fault>(())
//! ```

mod fault;
mod head;
mod message;
mod reader;
#[cfg(test)]
mod tests;

pub use self::{
    fault::Fault,
    message::{Close, Message, write},
    reader::{Peer, Reader},
};
