use bytes::BytesMut;

use super::stream_print::StreamPrinter;
use crate::{
    canonical::{Event, Reply, unfold},
    dialect::{Dialect, ReplyContext},
    loss::Losses,
};

/// Writes a whole reply for a client: the last event of the stream it could have been repeats all
/// that came before it, so there is one writer for both.
pub(in crate::dialect) fn print_reply(
    reply: &Reply,
    context: &ReplyContext,
    out: &mut BytesMut,
) -> Losses {
    let mut reply = reply.clone();
    let several = reply.choices.len() > 1;
    reply.choices.truncate(1);
    let mut printer = StreamPrinter::silent(context.clone());
    if let Some(choice) = reply.choices.first_mut() {
        choice.index = 0;
        if let Some(logprobs) = choice.logprobs.take() {
            printer.take_logprobs(&logprobs);
        }
    }
    if reply.source != Dialect::Responses {
        reply.extra.drop_own();
    }
    let mut nothing = BytesMut::new();
    for event in unfold(reply) {
        if event == Event::End {
            break;
        }
        printer.push(&event, &mut nothing);
    }
    let mut losses = printer.whole(out);
    if several {
        losses.add("choices");
    }
    losses
}
