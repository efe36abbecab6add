use std::pin::pin;

use bytes::Bytes;
use tokio::time::timeout;

use super::{
    error,
    link::{self, GOODBYE, Inbound, Outbound},
    realtime::Tab,
    session,
    watch::{Over, Watch},
};
use crate::{
    error::{AiError, AiErrorKind},
    websocket::{Close, Message, Peer},
};

/// Hands messages on in both directions until one of them has ended.
pub(super) async fn pump(
    (mut from_client, mut to_client): (Inbound, Outbound),
    (mut from_upstream, mut to_upstream): (Inbound, Outbound),
    (ours, theirs): (String, String),
    (tab, watch): (Tab, Watch),
) {
    let end = {
        let mut up = pin!(hand_on(&mut from_client, &mut to_upstream, |message| {
            match message {
                Message::Text(text) => {
                    let renamed = session::renamed(&text, &ours, &theirs);
                    Message::Text(renamed.unwrap_or(text))
                }
                other => other,
            }
        }));
        let mut down = pin!(hand_on(&mut from_upstream, &mut to_client, |message| {
            if let Message::Text(text) = &message
                && let Some(usage) = session::used(text)
            {
                tab.add(usage);
            }
            message
        }));
        let end = tokio::select! {
            ended = &mut up => End::of_client(ended),
            ended = &mut down => End::of_upstream(&ended),
            over = watch.over() => End::Over(over),
        };
        match end {
            // Whoever was told to close says so in turn, which still goes to the other.
            End::Closing(Peer::Client) => {
                _ = timeout(GOODBYE, down).await;
                return;
            }
            End::Closing(Peer::Server) => {
                _ = timeout(GOODBYE, up).await;
                return;
            }
            // What it said last may say why it hung up.
            End::HungUp if matches!(timeout(GOODBYE, down).await, Ok(Handed::Close)) => return,
            end => end,
        }
    };
    let (event, close) = end.told();
    let mut client = (from_client, to_client);
    let mut upstream = (from_upstream, to_upstream);
    let left = link::part(
        (&mut upstream.0, &mut upstream.1),
        None,
        Close::new(1001, ""),
    );
    match close {
        Some(close) => {
            let told = link::part((&mut client.0, &mut client.1), event, close);
            tokio::join!(told, left);
        }
        None => left.await,
    }
}

/// How one direction of a session ends.
enum Handed {
    /// With a close, which was handed on.
    Close,
    /// Without one.
    Gone,
    /// With something wrong.
    Fault(Close),
    /// Nobody takes it any more.
    Untaken,
}

/// How a session ends.
enum End {
    /// This peer says goodbye.
    Closing(Peer),
    /// The client is not there any more.
    Left,
    /// The client breaks the protocol.
    Broken(Close),
    /// The provider takes nothing any more.
    HungUp,
    /// The provider is not there any more, or makes no sense.
    Lost(AiErrorKind, &'static str),
    /// The gateway ends it.
    Over(Over),
}

impl End {
    fn of_client(up: Handed) -> Self {
        match up {
            Handed::Close => Self::Closing(Peer::Client),
            Handed::Gone => Self::Left,
            Handed::Fault(close) => Self::Broken(close),
            Handed::Untaken => Self::HungUp,
        }
    }

    fn of_upstream(down: &Handed) -> Self {
        match down {
            Handed::Close => Self::Closing(Peer::Server),
            Handed::Gone => Self::Lost(AiErrorKind::Truncated, GONE),
            Handed::Fault(_) => Self::Lost(AiErrorKind::Malformed, "the provider makes no sense"),
            Handed::Untaken => Self::Left,
        }
    }

    /// What the client is told.
    fn told(self) -> (Option<Bytes>, Option<Close>) {
        let lost = |kind, why| {
            let error = AiError::upstream(kind, why);
            (Some(error::of_session(&error)), Some(Close::new(1011, why)))
        };
        match self {
            Self::Closing(_) | Self::Left => (None, None),
            Self::Broken(close) => (None, Some(close)),
            Self::HungUp => lost(AiErrorKind::Truncated, GONE),
            Self::Lost(kind, why) => lost(kind, why),
            Self::Over(over) => {
                let error = over.error(EXPIRED);
                (error.as_ref().map(error::of_session), Some(over.close()))
            }
        }
    }
}

/// Hands messages on, one after the other and pings too.
async fn hand_on(
    from: &mut Inbound,
    to: &mut Outbound,
    mut edit: impl FnMut(Message) -> Message,
) -> Handed {
    loop {
        let message = match from.next().await {
            Ok(Some(message)) => edit(message),
            Ok(None) => return Handed::Gone,
            Err(fault) => return Handed::Fault(Close::new(fault.code(), &fault.to_string())),
        };
        let closes = matches!(message, Message::Close(_));
        match to.send(&message).await {
            Err(_) => return Handed::Untaken,
            Ok(()) if closes => return Handed::Close,
            Ok(()) => {}
        }
    }
}

const GONE: &str = "the provider has gone";
/// What OpenAI calls it.
const EXPIRED: &str = "session_expired";
