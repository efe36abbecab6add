use super::{content_print, request_print::Print, thinking_print};
use crate::{
    canonical::{
        Block, Extra, Message, Role, Shape, System, SystemRole, Thinking, ToolCall, ToolResult,
    },
    dialect::{MidSystem, ReasoningHistory},
    error::AiError,
    json::Writer,
};

/// Writes system text and conversation as Chat messages.
pub(super) fn messages(print: &mut Print<'_>, w: &mut Writer<'_>) -> Result<(), AiError> {
    let request = print.request;
    for system in &request.system {
        self::system(print, system, w)?;
    }
    for message in &request.messages {
        match message.role {
            Role::System(role) => {
                if print.target.mid_system != MidSystem::Keep {
                    print.losses.add("messages.system_position");
                }
                let role = system_role(print, role);
                let blocks = system_blocks(print, &message.content);
                plain(print, role, message, blocks, w)?;
            }
            Role::User => user(print, message, w)?,
            Role::Assistant => assistant(print, message, w)?,
        }
    }
    Ok(())
}

fn system_role(print: &Print<'_>, role: SystemRole) -> &'static str {
    match role {
        SystemRole::Developer if print.target.developer_role => "developer",
        SystemRole::Developer | SystemRole::System => "system",
    }
}

fn system(print: &mut Print<'_>, system: &System, w: &mut Writer<'_>) -> Result<(), AiError> {
    w.begin_object();
    w.str_field("role", system_role(print, system.role));
    w.key("content");
    let blocks = system_blocks(print, &system.parts);
    content_print::content(print, blocks, system.shape, w)?;
    w.opt_str("name", system.name.as_deref());
    extra(print, &system.extra, w);
    w.end_object();
    Ok(())
}

/// System text is text: of another dialect's, nothing else is sent.
fn system_blocks<'m>(print: &mut Print<'_>, blocks: &'m [Block]) -> Vec<&'m Block> {
    let is_media = |block: &&Block| {
        matches!(
            block,
            Block::Image(_) | Block::Video(_) | Block::Document(_) | Block::Audio(_)
        )
    };
    if !print.same && blocks.iter().any(|block| is_media(&block)) {
        print.losses.add("content.misplaced");
        return blocks.iter().filter(|block| !is_media(block)).collect();
    }
    blocks.iter().collect()
}

/// A message of one role whose content is `blocks`.
fn plain<'m>(
    print: &mut Print<'_>,
    role: &str,
    message: &Message,
    blocks: impl IntoIterator<Item = &'m Block>,
    w: &mut Writer<'_>,
) -> Result<(), AiError> {
    w.begin_object();
    w.str_field("role", role);
    w.key("content");
    content_print::content(print, blocks.into_iter().collect(), message.shape, w)?;
    w.opt_str("name", message.name.as_deref());
    extra(print, &message.extra, w);
    w.end_object();
    Ok(())
}

fn extra(print: &mut Print<'_>, extra: &Extra, w: &mut Writer<'_>) {
    for (name, value) in extra.iter() {
        print.unknown("messages", name, value, w);
    }
}

/// A user turn: its tool results are messages of their own, and come first, since they must follow
/// the calls. Their images have no place there and move to the user message that follows.
fn user(print: &mut Print<'_>, message: &Message, w: &mut Writer<'_>) -> Result<(), AiError> {
    let mut rest: Vec<&Block> = Vec::new();
    let mut any_result = false;
    for block in &message.content {
        if let Block::ToolResult(result) = block {
            any_result = true;
            self::result(print, result, &mut rest, w)?;
        }
    }
    rest.extend(
        message
            .content
            .iter()
            .filter(|block| !matches!(block, Block::ToolResult(_))),
    );
    if any_result && rest.is_empty() {
        for (name, _) in message.extra.iter() {
            print.losses.add_field("messages", name);
        }
        return Ok(());
    }
    plain(print, "user", message, rest, w)
}

fn result<'m>(
    print: &mut Print<'_>,
    result: &'m ToolResult,
    moved: &mut Vec<&'m Block>,
    w: &mut Writer<'_>,
) -> Result<(), AiError> {
    let fits = |block: &&Block| print.same || matches!(block, Block::Text(_) | Block::Opaque(_));
    let (text, other): (Vec<&Block>, Vec<&Block>) = result.content.iter().partition(fits);
    if !other.is_empty() {
        print.losses.add("tool_result.media_position");
        moved.extend(other);
    }
    w.begin_object();
    if let (true, Some(name)) = (print.same && print.request.legacy_functions, &result.name) {
        w.str_field("role", "function");
        w.str_field("name", name);
    } else {
        w.str_field("role", "tool");
        w.str_field("tool_call_id", &print.ids.get(&result.id));
        if print.same {
            w.opt_str("name", result.name.as_deref());
        }
    }
    w.key("content");
    if result.is_error == Some(true) {
        print.losses.add("tool_result.is_error");
        for block in &text {
            if let Block::Text(text) = block {
                for (name, _) in text.extra.iter() {
                    print.losses.add_field("tool_result", name);
                }
            }
        }
        let text: Vec<&str> = text.iter().filter_map(|block| block.as_text()).collect();
        w.string_of(&["Error: ", &text.join("\n")]);
    } else if text.is_empty() {
        w.string("");
    } else {
        content_print::content(print, text, result.shape, w)?;
    }
    if let Some(mark) = &result.cache {
        print.mark(Some(mark), w);
    }
    extra(print, &result.extra, w);
    w.end_object();
    Ok(())
}

/// An assistant's turn. Chat has one place for text and one for calls: blocks keep their order
/// within each, not across.
fn assistant(print: &mut Print<'_>, message: &Message, w: &mut Writer<'_>) -> Result<(), AiError> {
    let mut parts: Vec<&Block> = Vec::new();
    let mut calls: Vec<&ToolCall> = Vec::new();
    let mut thinking: Vec<&Block> = Vec::new();
    let mut sound = None;
    for block in &message.content {
        match block {
            Block::ToolCall(call) => calls.push(call),
            Block::Thinking(one) if !is_part(print, one) => thinking.push(block),
            Block::RedactedThinking(_) => thinking.push(block),
            Block::Audio(audio) => sound = Some(audio),
            // An assistant of Chat says text and nothing else.
            Block::Image(_) | Block::Video(_) | Block::Document(_) if !print.same => {
                print.losses.add("content.misplaced");
            }
            other => {
                if !calls.is_empty() && !print.losses.contains("messages.block_order") {
                    print.losses.add("messages.block_order");
                }
                parts.push(other);
            }
        }
    }
    let refusal = match parts.as_slice() {
        [.., Block::Refusal(refusal)] if message.shape != Shape::Parts || !print.same => {
            parts.pop();
            Some(refusal)
        }
        _ => None,
    };
    w.begin_object();
    w.str_field("role", "assistant");
    w.key("content");
    if parts.is_empty() && print.same && message.shape == Shape::Parts {
        w.array(|_| {});
    } else if parts.is_empty() && !print.same && calls.is_empty() && refusal.is_none() {
        // Nothing at all is refused.
        w.string("");
    } else if parts.is_empty() {
        w.null();
    } else {
        content_print::content(print, parts, message.shape, w)?;
    }
    w.opt_str("refusal", refusal.map(|refusal| refusal.text.as_str()));
    thinking_print::thinking(print, &thinking, w);
    self::calls(print, &calls, w);
    if let Some(audio) = sound {
        content_print::assistant_audio(print, audio, w);
    }
    w.opt_str("name", message.name.as_deref());
    extra(print, &message.extra, w);
    w.end_object();
    Ok(())
}

/// Mistral's thinking parts stay in the content.
fn is_part(print: &Print<'_>, thinking: &Thinking) -> bool {
    thinking.field.as_deref() == Some("content")
        && print.target.reasoning_history == ReasoningHistory::AsGiven
}

fn calls(print: &mut Print<'_>, calls: &[&ToolCall], w: &mut Writer<'_>) {
    if let (true, true, [call]) = (print.same, print.request.legacy_functions, calls) {
        w.object_field("function_call", |w| {
            w.str_field("name", &call.name);
            w.str_field("arguments", &call.arguments);
        });
        return;
    }
    if calls.is_empty() {
        return;
    }
    w.key("tool_calls");
    w.begin_array();
    for call in calls {
        w.begin_object();
        w.str_field("id", &print.ids.get(&call.id));
        let (kind, text) = if call.custom {
            ("custom", "input")
        } else {
            ("function", "arguments")
        };
        w.str_field("type", kind);
        w.key(kind);
        w.begin_object();
        w.str_field("name", &print.names.get(&call.name));
        let empty = call.arguments.trim().is_empty() && !call.custom && !print.same;
        w.str_field(text, if empty { "{}" } else { &call.arguments });
        for (name, value) in call.extra.iter() {
            if let Some(name) = name.strip_prefix("function.") {
                print.unknown("tool_call", name, value, w);
            }
        }
        w.end_object();
        print.mark(call.cache.as_ref(), w);
        if call.signature.is_some() {
            print.losses.add("tool_call.signature");
        }
        for (name, value) in call
            .extra
            .iter()
            .filter(|(name, _)| !name.starts_with("function."))
        {
            print.unknown("tool_call", name, value, w);
        }
        w.end_object();
    }
    w.end_array();
}
