use std::{collections::hash_map::RandomState, hash::BuildHasher as _, io};

use bytes::BytesMut;
use gateway_layers::proxy::WebSocketStream;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, ReadHalf, WriteHalf, split};

use crate::websocket::{Close, Fault, Message, Peer, Reader, write};

/// Both directions of a WebSocket whose other end is `peer`; what comes is of at most `limit` bytes.
pub(super) fn open(stream: WebSocketStream, peer: Peer, limit: usize) -> (Inbound, Outbound) {
    let (read, written) = split(stream);
    let inbound = Inbound {
        io: read,
        reader: Reader::new(peer, limit),
        read: BytesMut::new(),
    };
    let outbound = Outbound {
        io: written,
        masks: (peer == Peer::Server).then(Masks::default),
        written: BytesMut::new(),
    };
    (inbound, outbound)
}

/// What the other end says.
pub(super) struct Inbound {
    io: ReadHalf<WebSocketStream>,
    reader: Reader,
    read: BytesMut,
}

impl Inbound {
    /// The next message; `None` when there is none any more. Nothing is lost if it is dropped.
    pub(super) async fn next(&mut self) -> Result<Option<Message>, Fault> {
        loop {
            if let Some(message) = self.reader.next_message()? {
                return Ok(Some(message));
            }
            self.read.reserve(READ);
            match self.io.read_buf(&mut self.read).await {
                Ok(0) | Err(_) => return Ok(None),
                Ok(_) => {
                    self.reader.push(&self.read);
                    self.read.clear();
                }
            }
        }
    }
}

/// What is said to the other end.
pub(super) struct Outbound {
    io: WriteHalf<WebSocketStream>,
    masks: Option<Masks>,
    written: BytesMut,
}

impl Outbound {
    /// Sends a message.
    pub(super) async fn send(&mut self, message: &Message) -> io::Result<()> {
        let mask = self.masks.as_mut().map(Masks::next);
        self.written.clear();
        write(message, mask, &mut self.written);
        self.io.write_all(&self.written).await?;
        self.io.flush().await
    }

    /// Says that nothing follows, and why.
    pub(super) async fn close(&mut self, close: Close) {
        if self.send(&Message::Close(Some(close))).await.is_ok() {
            _ = self.io.shutdown().await;
        }
    }
}

/// Masks nobody can foresee (RFC 6455 §5.3): a keyed hash of a counter.
#[derive(Default)]
struct Masks {
    keys: RandomState,
    count: u64,
}

impl Masks {
    fn next(&mut self) -> [u8; 4] {
        self.count += 1;
        let [a, b, c, d, ..] = self.keys.hash_one(self.count).to_ne_bytes();
        [a, b, c, d]
    }
}

const READ: usize = 8 * 1024;
