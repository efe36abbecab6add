use super::{
    call_parse::CUSTOM_RESULT, content_parse::PART, content_print, request_parse::INSTRUCTIONS,
    request_print::Print, turn_print,
};
use crate::{
    canonical::{Block, Extra, Message, Role, Shape, System, SystemRole, ToolResult},
    dialect::Dialect,
    error::AiError,
    json::Writer,
};

/// Writes `instructions`: what came so, or the one plain system text of another dialect. The number
/// of system texts that are done with.
pub(super) fn instructions(print: &mut Print<'_>, w: &mut Writer<'_>) -> usize {
    let Some(system) = print.request.system.first() else {
        return 0;
    };
    let marked = system.extra.get(INSTRUCTIONS).is_some();
    let alone = !print.same && print.request.system.len() == 1;
    if let (true, [Block::Text(text)]) = (marked || alone, system.parts.as_slice())
        && text.extra.is_empty()
        && system.extra.is_empty()
    {
        name_lost(print, system.name.as_deref());
        print.mark(text.cache.as_ref());
        w.str_field("instructions", &text.text);
        return 1;
    }
    0
}

fn name_lost(print: &mut Print<'_>, name: Option<&str>) {
    if name.is_some() {
        print.losses.add("messages.name");
    }
}

const fn role_name(role: SystemRole) -> &'static str {
    match role {
        SystemRole::System => "system",
        SystemRole::Developer => "developer",
    }
}

pub(super) fn system(
    print: &mut Print<'_>,
    system: &System,
    w: &mut Writer<'_>,
) -> Result<(), AiError> {
    name_lost(print, system.name.as_deref());
    let blocks: Vec<&Block> = system.parts.iter().collect();
    plain(
        print,
        role_name(system.role),
        &blocks,
        (system.shape, &system.extra),
        w,
    )
}

pub(super) fn message(
    print: &mut Print<'_>,
    message: &Message,
    w: &mut Writer<'_>,
) -> Result<(), AiError> {
    name_lost(print, message.name.as_deref());
    let head = (message.shape, &message.extra);
    match message.role {
        Role::System(role) => {
            let blocks: Vec<&Block> = message.content.iter().collect();
            plain(print, role_name(role), &blocks, head, w)
        }
        Role::User => user(print, message, w),
        Role::Assistant => turn_print::assistant(print, message, w),
    }
}

/// A message of the user or of the system.
pub(super) fn plain(
    print: &mut Print<'_>,
    role: &str,
    blocks: &[&Block],
    (shape, extra): (Shape, &Extra),
    w: &mut Writer<'_>,
) -> Result<(), AiError> {
    w.begin_object();
    if !print.same {
        w.str_field("type", "message");
    }
    w.str_field("role", role);
    w.key("content");
    match blocks {
        [Block::Text(text)] if shape == Shape::Text && text.extra.is_empty() => {
            print.mark(text.cache.as_ref());
            w.string(&text.text);
        }
        blocks => {
            w.begin_array();
            for block in blocks {
                content_print::input(print, block, w)?;
            }
            w.end_array();
        }
    }
    own(print, extra, w);
    w.end_object();
    Ok(())
}

/// An item's fields: all of them in this dialect; of another's, each is reported.
pub(super) fn own(print: &mut Print<'_>, extra: &Extra, w: &mut Writer<'_>) {
    if print.same {
        extra
            .all()
            .for_each(|(name, value)| w.raw_field(name, value));
    } else {
        extra
            .iter()
            .for_each(|(name, _)| print.losses.add_field("messages", name));
    }
}

/// Whether a block is an item of its own rather than a part of a message.
pub(super) fn is_item(block: &Block) -> bool {
    match block {
        Block::Opaque(opaque) => {
            opaque.dialect == Dialect::Responses && !opaque.kind.starts_with(PART)
        }
        Block::ToolResult(_) => true,
        _ => false,
    }
}

/// A user's turn: results are items of their own, in their place among its messages.
fn user(print: &mut Print<'_>, message: &Message, w: &mut Writer<'_>) -> Result<(), AiError> {
    if message.content.is_empty() {
        return plain(print, "user", &[], (message.shape, &message.extra), w);
    }
    let mut rest = message.content.as_slice();
    while !rest.is_empty() {
        let parts = rest.iter().take_while(|block| !is_item(block)).count();
        let (run, after) = rest.split_at(parts);
        if !run.is_empty() {
            let run: Vec<&Block> = run.iter().collect();
            plain(print, "user", &run, (message.shape, &message.extra), w)?;
        }
        rest = after;
        if let Some((item, after)) = rest.split_first() {
            match item {
                Block::ToolResult(result) => self::result(print, result, w)?,
                Block::Opaque(opaque) => w.raw(opaque.raw.as_str()),
                _ => {}
            }
            rest = after;
        }
    }
    if message.content.iter().all(is_item) {
        for (name, _) in message.extra.iter() {
            print.losses.add_field("messages", name);
        }
    }
    Ok(())
}

/// The result of a call. One of no call in this conversation is refused by OpenAI, so it becomes
/// what the user says.
fn result(print: &mut Print<'_>, result: &ToolResult, w: &mut Writer<'_>) -> Result<(), AiError> {
    if !print.same && !print.called.contains(result.id.as_str()) {
        print.losses.add("tool_result.orphan");
        let text: Vec<&str> = result.content.iter().filter_map(Block::as_text).collect();
        let block = Block::text(format!("[tool result]\n{}", text.join("\n")));
        let extra = Extra::new();
        return plain(print, "user", &[&block], (Shape::Text, &extra), w);
    }
    let custom = result.extra.get(CUSTOM_RESULT).is_some() || is_custom(print, &result.id);
    w.begin_object();
    w.str_field(
        "type",
        if custom {
            "custom_tool_call_output"
        } else {
            "function_call_output"
        },
    );
    w.str_field("call_id", &print.ids.get(&result.id));
    w.key("output");
    let failed = result.is_error == Some(true) && !print.same;
    if failed {
        print.losses.add("tool_result.is_error");
    }
    let prefix = if failed { "Error: " } else { "" };
    match result.content.as_slice() {
        [] => w.string(prefix),
        [Block::Text(text)]
            if text.extra.is_empty() && (result.shape == Shape::Text || !print.same) =>
        {
            print.mark(text.cache.as_ref());
            w.string_of(&[prefix, &text.text]);
        }
        blocks => {
            w.begin_array();
            if failed {
                content_print::input(print, &Block::text(prefix), w)?;
            }
            for block in blocks {
                content_print::input(print, block, w)?;
            }
            w.end_array();
        }
    }
    print.mark(result.cache.as_ref());
    let fields = result
        .extra
        .all()
        .filter(|(name, _)| *name != CUSTOM_RESULT);
    if print.same {
        fields.for_each(|(name, value)| w.raw_field(name, value));
    } else {
        for (name, _) in result.extra.iter() {
            print.losses.add_field("tool_result", name);
        }
    }
    w.end_object();
    Ok(())
}

fn is_custom(print: &Print<'_>, id: &str) -> bool {
    let mut blocks = (print.request.messages.iter()).flat_map(|message| &message.content);
    blocks.any(|block| matches!(block, Block::ToolCall(call) if call.custom && call.id == id))
}
