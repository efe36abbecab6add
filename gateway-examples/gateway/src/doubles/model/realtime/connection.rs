//! The WebSocket of a session.

use std::io;

use axum::body::Body;
use axum::extract::Request;
use axum::extract::State;
use bytes::Bytes;
use http::Response;
use http::StatusCode;
use tokio::io::AsyncRead;
use tokio::io::AsyncWrite;
use tokio::io::AsyncWriteExt as _;

use super::session::Next;
use super::session::Session;
use crate::doubles::fault::Effect;
use crate::doubles::fault::Fault;
use crate::doubles::frames;
use crate::doubles::frames::CLOSE;
use crate::doubles::frames::FIN;
use crate::doubles::frames::OPCODE;
use crate::doubles::frames::PING;
use crate::doubles::frames::PONG;
use crate::doubles::frames::TEXT;
use crate::doubles::model::call::Call;
use crate::doubles::model::server::ModelServer;
use crate::doubles::model::wire::Dialect;
use crate::doubles::model::wire::Refusal;
use crate::doubles::stats::CallRecord;
use crate::doubles::stats::Ticket;

/// Opens a session with the model that the query names, and commits faults in its answers.
pub(in crate::doubles::model) async fn open(
    server: State<ModelServer>,
    request: Request,
) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let call = Call {
        server: server.0,
        dialect: Dialect::Chat,
        parts: parts.clone(),
        body: Bytes::new(),
    };
    let (ticket, fault) = match call.admit().await {
        Ok(admitted) => admitted,
        Err(response) => return response,
    };
    let query = parts.uri.query().unwrap_or_default();
    let named = query
        .split('&')
        .find_map(|pair| pair.strip_prefix("model="));
    let model = match named {
        Some(model) if !model.starts_with(crate::doubles::model::call::MISSING) => model.to_owned(),
        Some(model) => return call.refuse(&Refusal::no_model(model), ticket),
        None => return call.refuse(&Refusal::invalid("no model", Some("model")), ticket),
    };
    let mut request = Request::from_parts(parts, body);
    let Some((upgrade, response)) = frames::handshake(&mut request) else {
        return call.refuse(&Refusal::of_status(StatusCode::UPGRADE_REQUIRED), ticket);
    };
    #[expect(
        clippy::disallowed_methods,
        reason = "ends with the client's connection"
    )]
    tokio::spawn(async move {
        if let Ok(upgraded) = upgrade.await {
            let connection = Connection {
                io: hyper_util::rt::TokioIo::new(upgraded),
                session: Session::new(&model),
                path: request.uri().path().to_owned(),
                model,
                fault,
                ticket,
            };
            // The client breaking the protocol, or leaving, ends the session.
            let _ = connection.run().await;
        }
    });
    response
}

struct Connection<IO> {
    io: IO,
    session: Session,
    path: String,
    model: String,
    fault: Fault,
    ticket: Ticket,
}

impl<IO: AsyncRead + AsyncWrite + Unpin> Connection<IO> {
    async fn run(mut self) -> io::Result<()> {
        let created = self.session.created().to_string();
        self.say(&created, 0).await?;
        loop {
            let (first, payload) = frames::read_frame(&mut self.io).await?;
            match first & OPCODE {
                PING => frames::write_frame(&mut self.io, FIN | PONG, &payload).await?,
                CLOSE => {
                    frames::write_frame(&mut self.io, first, &payload).await?;
                    self.ticket.finish();
                    return self.io.shutdown().await;
                }
                TEXT if self.fault.effect == Some(Effect::Silence) => {}
                TEXT => match self.session.hear(&payload) {
                    Next::Say(events) => {
                        for event in events {
                            self.say(&event.to_string(), 0).await?;
                        }
                    }
                    Next::Answer(asked) => {
                        self.ticket.call(CallRecord {
                            path: self.path.clone(),
                            model: self.model.clone(),
                            stream: true,
                            prompt_tokens: asked.prompt_tokens(),
                            ..CallRecord::default()
                        });
                        let said = asked.answer(&mut self.session);
                        if !self.answer(said).await? {
                            self.ticket.finish();
                            return Ok(());
                        }
                    }
                },
                _ => {}
            }
        }
    }

    /// Says an answer; whether the session goes on after it.
    async fn answer(&mut self, said: Vec<super::answer::Said>) -> io::Result<bool> {
        let mut left = match self.fault.effect {
            Some(Effect::CutAfterTokens(tokens)) => Some(tokens),
            Some(Effect::MalformedSse) => Some(1),
            _ => None,
        };
        for (event, tokens) in said {
            if tokens > 0 && left == Some(0) {
                if self.fault.effect == Some(Effect::MalformedSse) {
                    // Reserved bits, which only extensions may use.
                    frames::write_frame(&mut self.io, 0x70 | FIN | TEXT, b"{}").await?;
                }
                return Ok(false);
            }
            left = left.map(|left| left.saturating_sub(tokens));
            self.say(&event.to_string(), tokens).await?;
        }
        Ok(true)
    }

    async fn say(&mut self, event: &str, tokens: u64) -> io::Result<()> {
        frames::write_frame(&mut self.io, FIN | TEXT, event.as_bytes()).await?;
        self.ticket.sent(event.len(), tokens);
        Ok(())
    }
}
