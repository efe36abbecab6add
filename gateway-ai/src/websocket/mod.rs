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
//! # Example
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
//!
//! # Customizing
//!
//! A limit of one's own, and the close frame that tells the peer why it ends:
//!
//! ```
//! use bytes::{Bytes, BytesMut};
//! use gateway_ai::websocket::{Close, Fault, Message, Peer, Reader, write};
//!
//! let mut wire = BytesMut::new();
//! write(&Message::Binary(Bytes::from(vec![0; 65])), None, &mut wire);
//!
//! let mut reader = Reader::new(Peer::Server, 64);
//! reader.push(&wire[..2]); // the head alone says how long it will be
//! let fault = reader.next_message().unwrap_err();
//! assert_eq!(fault, Fault::TooLong(64));
//!
//! let goodbye = Message::Close(Some(Close::new(fault.code(), &fault.to_string())));
//! let mut answer = BytesMut::new();
//! write(&goodbye, Some([5, 6, 7, 8]), &mut answer);
//!
//! let mut peer = Reader::new(Peer::Client, 64);
//! peer.push(&answer);
//! assert_eq!(peer.next_message()?, Some(goodbye));
//! # Ok::<(), gateway_ai::websocket::Fault>(())
//! ```
//!
//! # Order
//!
//! It begins where the handshake has ended: the bytes behind `101`, or behind the `200` of an extended
//! `CONNECT`, and one [`Reader`] for each direction. Take messages until there is none before more is
//! pushed: what was pushed and not taken is not bounded here. Pings are handed out like any message,
//! and whoever reads answers them.
//!
//! # Refusals
//!
//! A [`Fault`] is final: the reader lets go of what it held and says the same again each time it is
//! asked. Its [code](Fault::code) is that of the close frame to answer with.
//!
//! # Cancellation
//!
//! Nothing here waits. Dropping a reader drops a message that is not complete.
//!
//! # Cost
//!
//! What is pushed is copied once. A message that came in one frame and one piece is handed out as it
//! lies there, others are gathered in a buffer of their own; text is checked to be UTF-8 when it is
//! complete. Writing copies a payload once and masks it in place.

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
