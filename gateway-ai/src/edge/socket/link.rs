use std::io;

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use crate::websocket::{Close, Fault, Message, Peer, Reader, write};

/// One end of a WebSocket.
pub(super) struct Link<T> {
    io: T,
    reader: Reader,
    read: BytesMut,
    written: BytesMut,
}

impl<T: AsyncRead + AsyncWrite + Unpin> Link<T> {
    /// A WebSocket whose other end is `peer`, of messages of at most `limit` bytes.
    pub(super) fn new(io: T, peer: Peer, limit: usize) -> Self {
        Self {
            io,
            reader: Reader::new(peer, limit),
            read: BytesMut::new(),
            written: BytesMut::new(),
        }
    }

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

    /// Sends a message.
    pub(super) async fn send(&mut self, message: &Message) -> io::Result<()> {
        self.written.clear();
        write(message, None, &mut self.written);
        self.io.write_all(&self.written).await?;
        self.io.flush().await
    }

    /// Says that nothing follows, and why.
    pub(super) async fn close(&mut self, close: Close) {
        let said = self.send(&Message::Close(Some(close))).await;
        if said.is_ok() {
            _ = self.io.shutdown().await;
        }
    }
}

const READ: usize = 8 * 1024;
