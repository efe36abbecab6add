//! The canonical model: what a chat call and its answer *mean*, whatever the wire format.
//!
//! It is a superset of the five dialects. A parser of one dialect fills it, a printer of any dialect
//! reads it, and what a printer cannot express it reports as [`Losses`](crate::loss::Losses).
//! Three rules keep it honest:
//!
//! - **order is meaning**: blocks of a turn stay in their order, system text stays in its parts;
//! - **absent is not zero**: every optional thing is an `Option`, above all token counts;
//! - **text stays text**: tool arguments, schemas, numbers and unknown fields keep their JSON
//!   spelling ([`Raw`], [`Number`]), so `1.0` stays `1.0` and a 30-digit integer stays itself.
//!
//! A streamed reply is a sequence of [`Event`]s; [`Fold`] turns it into a [`Reply`] and
//! [`unfold`] does the reverse, so that either kind of client can be served by either kind of
//! upstream.

mod block;
mod event;
mod extra;
mod fold;
mod number;
mod options;
mod raw;
mod reply;
mod request;
mod stop;
mod tool;
mod unfold;
mod usage;

pub(crate) use self::number::Count;
pub use self::{
    block::{
        Audio, AudioSource, Block, CacheMark, Document, Image, Opaque, Refusal, Source, Text,
        Thinking, ToolCall, ToolResult, Video,
    },
    event::{Delta, Event, Start},
    extra::Extra,
    fold::Fold,
    number::Number,
    options::{
        Limits, OutputFormat, Reasoning, ReasoningMode, Sampling, SchemaFormat, StreamOptions,
    },
    raw::Raw,
    reply::{Choice, Reply},
    request::{Message, Request, Role, Shape, System, SystemRole},
    stop::{Stop, StopReason},
    tool::{Tool, ToolChoice, ToolKind},
    unfold::unfold,
    usage::Usage,
};
