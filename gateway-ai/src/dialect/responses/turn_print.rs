use super::{
    content_parse::PART,
    content_print,
    item_print::{is_item, own, plain},
    message_parse::{BARE, ITEM, ITEM_FIELD},
    reasoning::{CONTINUED, OPENAI},
    request_print::Print,
    wire,
};
use crate::{
    canonical::{Block, Extra, Message, Opaque, Raw, Shape, Text, Thinking, ToolCall},
    dialect::Dialect,
    error::AiError,
    json::Writer,
};

/// A turn of the model: as many items as it takes, in the order of its blocks.
pub(super) fn assistant(
    print: &mut Print<'_>,
    message: &Message,
    w: &mut Writer<'_>,
) -> Result<(), AiError> {
    if !print.same {
        own(print, &message.extra, w);
    }
    if message.content.is_empty() && print.same {
        return plain(print, "assistant", &[], (message.shape, &message.extra), w);
    }
    let mut rest = message.content.as_slice();
    while let Some(first) = rest.first() {
        let length = match first {
            Block::Text(_) | Block::Refusal(_) => text_run(rest),
            Block::Thinking(_) => thinking_run(rest),
            _ => 1,
        };
        let (run, after) = rest.split_at(length);
        match first {
            Block::Text(_) | Block::Refusal(_) => said(print, message, run, w),
            Block::Thinking(_) => thinking(print, run, w),
            Block::RedactedThinking(opaque) => redacted(print, opaque, w),
            Block::ToolCall(call) => self::call(print, call, w),
            Block::Opaque(opaque) if is_item(first) => w.raw(opaque.raw.as_str()),
            Block::Opaque(opaque) => print.losses.add_field("content", &opaque.kind),
            Block::Audio(_) => print.losses.add("audio"),
            _ => print.losses.add("content.misplaced"),
        }
        rest = after;
    }
    unanswered(print, message, w);
    Ok(())
}

/// The texts of one message item: until another item begins.
fn text_run(blocks: &[Block]) -> usize {
    let more = blocks[1..].iter().take_while(|block| match block {
        Block::Text(text) => text.extra.get(ITEM).is_none(),
        Block::Refusal(_) => true,
        Block::Opaque(opaque) => {
            opaque.dialect == Dialect::Responses && opaque.kind.starts_with(PART)
        }
        _ => false,
    });
    1 + more.count()
}

fn thinking_run(blocks: &[Block]) -> usize {
    let more = blocks[1..].iter().take_while(
        |block| matches!(block, Block::Thinking(next) if next.extra.get(CONTINUED).is_some()),
    );
    1 + more.count()
}

fn first_text(run: &[Block]) -> Option<&Text> {
    run.iter().find_map(|block| match block {
        Block::Text(text) => Some(text),
        _ => None,
    })
}

fn said(print: &mut Print<'_>, message: &Message, run: &[Block], w: &mut Writer<'_>) {
    let extra = first_text(run)
        .map(|text| &text.extra)
        .filter(|_| print.same);
    w.begin_object();
    let item = extra.and_then(|extra| extra.get(ITEM));
    match item.map(Raw::read::<wire::Members<'_>>) {
        Some(Ok(members)) => {
            for (name, value) in members.extra {
                w.foreign_key(&name);
                w.raw(value.get());
            }
        }
        _ => w.str_field("type", "message"),
    }
    w.str_field("role", "assistant");
    w.key("content");
    let bare = match extra {
        Some(extra) => extra.get(BARE).is_some(),
        None => message.shape == Shape::Text && !print.same,
    };
    match run {
        [Block::Text(text)] if bare && text.extra.is_empty() => {
            content_print::lost_of_text(print, text);
            w.string(&text.text);
        }
        run => {
            w.begin_array();
            run.iter()
                .for_each(|block| content_print::output(print, block, w));
            w.end_array();
        }
    }
    for (name, value) in extra.into_iter().flat_map(Extra::iter) {
        if let Some(name) = name.strip_prefix(ITEM_FIELD) {
            w.raw_field(name, value);
        }
    }
    if print.same && std::ptr::eq(run.as_ptr(), message.content.as_ptr()) {
        own(print, &message.extra, w);
    }
    w.end_object();
}

/// One reasoning item. Of another dialect's, only what Responses themselves have encrypted can be
/// sent back – without its id, which is unknown where nothing was stored.
fn thinking(print: &mut Print<'_>, run: &[Block], w: &mut Writer<'_>) {
    let parts: Vec<&Thinking> = run
        .iter()
        .filter_map(|block| match block {
            Block::Thinking(thinking) => Some(thinking),
            _ => None,
        })
        .collect();
    let proof = parts.iter().rev().find_map(|part| {
        let signature = part.signature.as_deref()?;
        Some((signature, part.format.as_deref()))
    });
    let ours = proof.filter(|(_, format)| *format == Some(OPENAI));
    if ours.is_none() && (proof.is_some() || !print.same) {
        return print.losses.add("thinking");
    }
    w.begin_object();
    w.str_field("type", "reasoning");
    if print.same {
        w.opt_str("id", parts[0].id.as_deref());
    }
    w.array_field("summary", |w| list(&parts, true, print.same, w));
    if print.same && parts.iter().any(|part| !part.summary) {
        w.array_field("content", |w| list(&parts, false, true, w));
    }
    if let Some((encrypted, _)) = ours {
        w.str_field("encrypted_content", encrypted);
    }
    if print.same {
        let fields = parts[0].extra.all().filter(|(name, _)| *name != CONTINUED);
        fields.for_each(|(name, value)| w.raw_field(name, value));
    } else {
        let missed = parts.iter().flat_map(|part| part.extra.iter());
        missed.for_each(|(name, _)| print.losses.add_field("content", name));
    }
    w.end_object();
}

/// Summaries, or the reasoning itself; where the two are not told apart all of it is summary.
fn list(parts: &[&Thinking], summary: bool, apart: bool, w: &mut Writer<'_>) {
    let kind = if summary {
        "summary_text"
    } else {
        "reasoning_text"
    };
    let wanted = parts
        .iter()
        .filter(|part| part.summary == summary || !apart);
    for part in wanted {
        let empty = part.text.is_empty() && part.summary && parts.len() == 1;
        if !empty {
            w.object(|w| {
                w.str_field("type", kind);
                w.str_field("text", &part.text);
            });
        }
    }
}

fn redacted(print: &mut Print<'_>, opaque: &Opaque, w: &mut Writer<'_>) {
    let fields: serde_json::Value = opaque.raw.read().unwrap_or_default();
    let word = |name: &str| fields[name].as_str().map(str::to_owned);
    let ours = word("format").is_some_and(|format| format == OPENAI);
    let Some(encrypted) = word("data").filter(|_| ours) else {
        return print.losses.add("redacted_thinking");
    };
    w.object(|w| {
        w.str_field("type", "reasoning");
        w.array_field("summary", |_| {});
        w.str_field("encrypted_content", &encrypted);
    });
}

fn call(print: &mut Print<'_>, call: &ToolCall, w: &mut Writer<'_>) {
    if call.signature.is_some() {
        print.losses.add("tool_call.signature");
    }
    print.mark(call.cache.as_ref());
    w.begin_object();
    w.str_field(
        "type",
        if call.custom {
            "custom_tool_call"
        } else {
            "function_call"
        },
    );
    if print.same {
        w.opt_str("id", call.item_id.as_deref());
    }
    w.str_field("call_id", &print.ids.get(&call.id));
    w.str_field("name", &print.names.get(&call.name));
    let empty = call.arguments.trim().is_empty() && !call.custom && !print.same;
    let text = if empty { "{}" } else { &call.arguments };
    w.str_field(if call.custom { "input" } else { "arguments" }, text);
    if print.same {
        call.extra
            .all()
            .for_each(|(name, value)| w.raw_field(name, value));
    } else {
        for (name, _) in call.extra.iter() {
            print.losses.add_field("tool_call", name);
        }
    }
    w.end_object();
}

/// A call nobody answered is refused: it gets a result that says so.
fn unanswered(print: &mut Print<'_>, message: &Message, w: &mut Writer<'_>) {
    if print.same {
        return;
    }
    for block in &message.content {
        if let Block::ToolCall(call) = block
            && !print.answered.contains(call.id.as_str())
        {
            print.losses.add("tool_call.unanswered");
            w.object(|w| {
                let kind = if call.custom {
                    "custom_tool_call_output"
                } else {
                    "function_call_output"
                };
                w.str_field("type", kind);
                w.str_field("call_id", &print.ids.get(&call.id));
                w.str_field("output", "No result: the call was interrupted.");
            });
        }
    }
}
