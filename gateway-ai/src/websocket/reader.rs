use bytes::{Buf as _, Bytes, BytesMut};

use super::{
    Close, Fault, Message,
    head::{self, Head, Opcode},
};

/// Whose frames are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    /// A client's, which are masked.
    Client,
    /// A server's, which are not.
    Server,
}

/// Puts the messages of one direction together.
///
/// See the [module docs](crate::websocket) for an example.
#[derive(Debug)]
pub struct Reader {
    from: Peer,
    limit: usize,
    /// What was pushed and not read.
    wire: BytesMut,
    frame: Option<Frame>,
    /// The fragments so far of a message that is not complete, unmasked.
    message: Option<(Opcode, BytesMut)>,
    fault: Option<Fault>,
}

/// A frame whose head was read.
#[derive(Debug)]
struct Frame {
    head: Head,
    /// Only of control frames: what data frames have goes straight into the message.
    payload: BytesMut,
    read: usize,
}

impl Reader {
    /// For messages of `from` of at most `limit` bytes.
    #[must_use]
    pub fn new(from: Peer, limit: usize) -> Self {
        Self {
            from,
            limit,
            wire: BytesMut::new(),
            frame: None,
            message: None,
            fault: None,
        }
    }

    /// Takes bytes as they come.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.fault.is_none() {
            self.wire.extend_from_slice(bytes);
        }
    }

    /// The next message; `None` until more is pushed.
    ///
    /// # Errors
    ///
    /// The peer broke the protocol. The reader says so again each time it is asked.
    pub fn next_message(&mut self) -> Result<Option<Message>, Fault> {
        if let Some(fault) = self.fault {
            return Err(fault);
        }
        self.advance().inspect_err(|fault| {
            self.fault = Some(*fault);
            (self.wire, self.message, self.frame) = (BytesMut::new(), None, None);
        })
    }

    fn advance(&mut self) -> Result<Option<Message>, Fault> {
        loop {
            let mut frame = match self.frame.take() {
                Some(frame) => frame,
                None => match self.begin()? {
                    Some(frame) => frame,
                    None => return Ok(None),
                },
            };
            self.fill(&mut frame);
            if (frame.read as u64) < frame.head.length {
                self.frame = Some(frame);
                return Ok(None);
            }
            if let Some(message) = self.end(frame)? {
                return Ok(Some(message));
            }
        }
    }

    /// Reads a frame's head.
    fn begin(&mut self) -> Result<Option<Frame>, Fault> {
        let Some((head, length)) = Head::read(&self.wire, self.from)? else {
            return Ok(None);
        };
        self.wire.advance(length);
        match (head.opcode, &self.message) {
            (Opcode::Continuation, None) => {
                return Err(Fault::Protocol("a continuation of nothing"));
            }
            (Opcode::Text | Opcode::Binary, Some(_)) => {
                return Err(Fault::Protocol("a message within another"));
            }
            (Opcode::Text | Opcode::Binary, None) => {
                self.message = Some((head.opcode, BytesMut::new()));
            }
            _ => {}
        }
        if let Some((_, message)) = &self.message
            && !head.opcode.is_control()
            && head.length > (self.limit - message.len()) as u64
        {
            return Err(Fault::TooLong(self.limit));
        }
        Ok(Some(Frame {
            head,
            payload: BytesMut::new(),
            read: 0,
        }))
    }

    /// Moves what is there of a frame to where it belongs.
    fn fill(&mut self, frame: &mut Frame) {
        let missing = frame.head.length - frame.read as u64;
        let here = usize::try_from(missing).map_or(self.wire.len(), |n| n.min(self.wire.len()));
        let mut part = self.wire.split_to(here);
        if let Some(mask) = frame.head.mask {
            head::mask(&mut part, mask, frame.read);
        }
        frame.read += here;
        let into = match &mut self.message {
            Some((_, message)) if !frame.head.opcode.is_control() => message,
            _ => &mut frame.payload,
        };
        if into.is_empty() {
            // What came in one piece is not copied.
            *into = part;
        } else {
            into.extend_from_slice(&part);
        }
    }

    /// The message a frame completes, if it does.
    fn end(&mut self, frame: Frame) -> Result<Option<Message>, Fault> {
        let payload = frame.payload.freeze();
        Ok(Some(match frame.head.opcode {
            Opcode::Ping => Message::Ping(payload),
            Opcode::Pong => Message::Pong(payload),
            Opcode::Close => Message::Close(Close::read(&payload)?),
            _ if !frame.head.last => return Ok(None),
            _ => match self.message.take() {
                Some((Opcode::Text, message)) => Message::Text(utf8(message.freeze())?),
                Some((_, message)) => Message::Binary(message.freeze()),
                None => return Ok(None),
            },
        }))
    }
}

fn utf8(bytes: Bytes) -> Result<Bytes, Fault> {
    match std::str::from_utf8(&bytes) {
        Ok(_) => Ok(bytes),
        Err(_) => Err(Fault::NotUtf8),
    }
}
