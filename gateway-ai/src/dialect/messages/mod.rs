use bytes::{Bytes, BytesMut};
use http::{HeaderMap, StatusCode};

use super::{Dialect, Printed, ReplyContext, Target, facade::unsupported};
use crate::{
    canonical::{Event, Reply, Request},
    error::AiError,
    loss::Losses,
};

const DIALECT: Dialect = Dialect::Messages;

pub(super) fn parse_request(_: &[u8]) -> Result<Request, AiError> {
    Err(unsupported(DIALECT))
}
pub(super) fn print_request(_: &Request, _: &Target, _: &mut BytesMut) -> Result<Printed, AiError> {
    Err(unsupported(DIALECT))
}
pub(super) fn parse_reply(_: &[u8]) -> Result<Reply, AiError> {
    Err(unsupported(DIALECT))
}
pub(super) fn print_reply(_: &Reply, _: &ReplyContext, _: &mut BytesMut) -> Losses {
    Losses::new()
}
pub(super) fn parse_error(_: StatusCode, _: &HeaderMap, _: &[u8]) -> AiError {
    unsupported(DIALECT)
}
pub(super) fn print_error(error: &AiError) -> (StatusCode, Bytes) {
    (error.client_status(), Bytes::new())
}

#[derive(Debug, Default)]
pub(super) struct StreamParser;

impl StreamParser {
    pub(super) fn push(&mut self, _: &[u8], _: &mut Vec<Event>) {}
    pub(super) fn finish(&mut self, _: &mut Vec<Event>) {}
    pub(super) fn is_done(&self) -> bool {
        false
    }
}

#[derive(Debug)]
pub(super) struct StreamPrinter(Losses);

impl StreamPrinter {
    pub(super) fn new(_: ReplyContext) -> Self {
        Self(Losses::new())
    }
    pub(super) fn push(&mut self, _: &Event, _: &mut BytesMut) {}
    pub(super) fn error(&mut self, _: &AiError, _: &mut BytesMut) {}
    pub(super) fn losses(&self) -> &Losses {
        &self.0
    }
}
