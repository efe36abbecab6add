//! The work on whole requests and replies: reading one dialect and writing another, for every pair.
//! Pure code over bytes, so nothing but the codec is in the figure.

use std::hint::black_box;

use bytes::{Bytes, BytesMut};
use gateway_ai::{
    dialect::{Dialect, ReplyContext, Target, Url},
    peek::{Edits, Peek},
};

use crate::payloads;

/// A body, and what is done with it.
pub struct Codec {
    /// What is measured.
    pub name: String,
    /// The bytes that are read, which throughput is stated in.
    pub bytes: usize,
    /// Handles the body once.
    pub run: Box<dyn FnMut()>,
}

impl std::fmt::Debug for Codec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Codec")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// What happens to a request of a client of `from` whose provider speaks `to`.
fn request(name: &str, chat: &Bytes, from: Dialect, to: Dialect) -> Codec {
    let body = spelled(chat, from);
    let name = format!("{name}, {} to {}", from.as_str(), to.as_str());
    if from == to {
        return passed(&name, body);
    }
    Codec {
        name,
        bytes: body.len(),
        run: Box::new(move || {
            let request = from.parse_request(&body, url()).expect("a valid request");
            let mut out = BytesMut::new();
            to.print_request(&request, &Target::new(to, "m"), &mut out)
                .expect("what every dialect can say");
            black_box(out.freeze());
        }),
    }
}

/// What happens to a request that is passed on as it is, under another name of the model.
#[must_use]
pub fn passed(name: &str, body: Bytes) -> Codec {
    Codec {
        name: name.to_owned(),
        bytes: body.len(),
        run: Box::new(move || {
            let peek = Peek::read(&body).expect("a valid request");
            let edits = Edits {
                model: Some("another-model"),
                include_usage: false,
            };
            black_box(peek.splice(&body, &edits));
        }),
    }
}

/// What happens to the reply of a provider of `from` whose client speaks `to`.
fn reply(from: Dialect, to: Dialect) -> Codec {
    let known = Dialect::Chat.parse_reply(&payloads::chat_reply());
    let mut body = BytesMut::new();
    from.print_reply(&known.expect("a valid reply"), &context(), &mut body);
    Codec {
        name: format!("reply, {} to {}", from.as_str(), to.as_str()),
        bytes: body.len(),
        run: Box::new(move || {
            let reply = from.parse_reply(&body).expect("a valid reply");
            let mut out = BytesMut::new();
            to.print_reply(&reply, &context(), &mut out);
            black_box(out.freeze());
        }),
    }
}

/// A Chat request in another dialect.
fn spelled(chat: &Bytes, dialect: Dialect) -> Bytes {
    if dialect == Dialect::Chat {
        return chat.clone();
    }
    let request = Dialect::Chat.parse_request(chat, Url::default());
    let mut out = BytesMut::new();
    dialect
        .print_request(
            &request.expect("a valid request"),
            &Target::new(dialect, "m"),
            &mut out,
        )
        .expect("what every dialect can say");
    out.freeze()
}

/// Where a URL says it, it says so.
fn url() -> Url<'static> {
    Url {
        model: Some("m"),
        stream: Some(false),
    }
}

fn context() -> ReplyContext {
    ReplyContext::default().with_identity("chatcmpl-bench", 1_764_000_000)
}

fn pairs() -> impl Iterator<Item = (Dialect, Dialect)> {
    Dialect::ALL
        .into_iter()
        .flat_map(|from| Dialect::ALL.map(|to| (from, to)))
}

/// Every pair: a small request, its reply, and the prompt of an agent, 1 MB long.
#[must_use]
pub fn all() -> Vec<Codec> {
    let small = payloads::chat_request("m", false);
    let large = payloads::long_chat_request(1 << 20);
    let requests = pairs().map(|(from, to)| request("request", &small, from, to));
    let replies = pairs()
        .filter(|(from, to)| from != to)
        .map(|(from, to)| reply(from, to));
    let prompts = pairs().map(|(from, to)| request("1 MB prompt", &large, from, to));
    requests.chain(replies).chain(prompts).collect()
}

/// What handling the body once allocates: how often, and how much.
#[must_use]
pub fn allocations(codec: &mut Codec) -> (u64, u64) {
    (codec.run)();
    let spent = allocation_counter::measure(|| (codec.run)());
    (spent.count_total, spent.bytes_total)
}
