use std::{collections::hash_map::RandomState, hash::BuildHasher as _, io, time::Duration};

use bytes::{Bytes, BytesMut};
use gateway_layers::proxy::WebSocketStream;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, ReadHalf, WriteHalf, split},
    time::timeout,
};

use super::watch::Activity;
use crate::websocket::{Close, Fault, Message, Peer, Reader, write};

/// Both directions of a WebSocket whose other end is `peer`; what comes is of at most `limit` bytes.
pub(super) fn open(
    stream: WebSocketStream,
    peer: Peer,
    limit: usize,
    activity: &Activity,
) -> (Inbound, Outbound) {
    let (read, written) = split(stream);
    let inbound = Inbound {
        io: read,
        reader: Reader::new(peer, limit),
        read: BytesMut::new(),
        over: false,
        activity: activity.clone(),
    };
    let outbound = Outbound {
        io: written,
        masks: (peer == Peer::Server).then(Masks::default),
        written: BytesMut::new(),
        activity: activity.clone(),
    };
    (inbound, outbound)
}

/// Says why nothing follows and waits until the other end has heard it: who hangs up on bytes that it
/// has not read takes the reason back (RFC 9293 §3.6.1 has a reset follow).
pub(super) async fn part(
    (inbound, outbound): (&mut Inbound, &mut Outbound),
    event: Option<Bytes>,
    close: Close,
) {
    let goodbye = async {
        if let Some(event) = event {
            outbound.send(&Message::Text(event)).await?;
        }
        outbound.close(close).await?;
        inbound.rest().await;
        io::Result::Ok(())
    };
    _ = timeout(GOODBYE, goodbye).await;
}

/// What the other end says.
pub(super) struct Inbound {
    io: ReadHalf<WebSocketStream>,
    reader: Reader,
    read: BytesMut,
    /// Whether the last message was there.
    over: bool,
    activity: Activity,
}

impl Inbound {
    /// The next message; `None` when there is none any more. Nothing is lost if it is dropped.
    pub(super) async fn next(&mut self) -> Result<Option<Message>, Fault> {
        loop {
            if let Some(message) = self.reader.next_message()? {
                self.over = matches!(message, Message::Close(_));
                return Ok(Some(message));
            }
            self.read.reserve(READ);
            match self.io.read_buf(&mut self.read).await {
                Ok(0) | Err(_) => return Ok(None),
                Ok(_) => {
                    self.activity.note();
                    self.reader.push(&self.read);
                    self.read.clear();
                }
            }
        }
    }

    /// Reads what nobody wants to know any more, up to the close that answers one.
    async fn rest(&mut self) {
        while !self.over {
            match self.next().await {
                Ok(Some(_)) => {}
                Ok(None) => return,
                Err(_) => return self.hang_up().await,
            }
        }
    }

    /// Reads what makes no sense, up to its end.
    async fn hang_up(&mut self) {
        loop {
            self.read.clear();
            self.read.reserve(READ);
            if let Ok(0) | Err(_) = self.io.read_buf(&mut self.read).await {
                return;
            }
        }
    }
}

/// What is said to the other end.
pub(super) struct Outbound {
    io: WriteHalf<WebSocketStream>,
    masks: Option<Masks>,
    written: BytesMut,
    activity: Activity,
}

impl Outbound {
    /// Sends a message. If it is dropped half-way, the other half goes before the next message.
    pub(super) async fn send(&mut self, message: &Message) -> io::Result<()> {
        let mask = self.masks.as_mut().map(Masks::next);
        write(message, mask, &mut self.written);
        self.io.write_all_buf(&mut self.written).await?;
        self.activity.note();
        self.io.flush().await
    }

    /// Says that nothing follows, and why.
    pub(super) async fn close(&mut self, close: Close) -> io::Result<()> {
        self.send(&Message::Close(Some(close))).await?;
        self.io.shutdown().await
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
/// How long a peer may take to say goodbye.
pub(super) const GOODBYE: Duration = Duration::from_secs(5);
