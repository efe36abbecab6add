use super::{item_parse, options_parse, tools_parse, wire};
use crate::{
    canonical::{
        Block, Extra, Limits, Message, Raw, Request, Role, Sampling, Shape, StreamOptions, System,
        SystemRole,
    },
    dialect::{
        Dialect, Url,
        common::{check_policy_keys, read_body},
    },
    error::AiError,
    json::{Content, Str},
};

/// Reads a client's request.
pub(in crate::dialect) fn parse_request(body: &[u8], url: Url<'_>) -> Result<Request, AiError> {
    let mut wire: wire::Request<'_> = read_body(body)?;
    check_policy_keys(&wire.extra, wire::POLICY_KEYS)?;
    let named = wire.model.take().map(Str::into_owned);
    let model = named
        .or_else(|| url.model.map(str::to_owned))
        .ok_or_else(|| missing("model"))?;
    let mut request = Request::new(Dialect::Responses, model);
    if let Some(text) = wire.instructions.take() {
        request.system.push(instructions(text.into_owned()));
    }
    take_input(&mut request, wire.input.take())?;
    for raw in wire.tools.take().unwrap_or_default() {
        request.tools.push(tools_parse::tool(raw)?);
    }
    request.tool_choice = (wire.tool_choice.take())
        .map(tools_parse::choice)
        .transpose()?;
    request.parallel_tool_calls = wire.parallel_tool_calls;
    request.limits = Limits {
        max_output_tokens: wire.max_output_tokens.take().and_then(|n| n.as_u64()),
        ..Limits::default()
    };
    request.sampling = Sampling {
        temperature: wire.temperature.take(),
        top_p: wire.top_p.take(),
        top_logprobs: wire.top_logprobs.take(),
        ..Sampling::default()
    };
    request.reasoning = wire.reasoning.take().map(options_parse::reasoning);
    request.user = wire.user.take().map(Str::into_owned);
    request.safety_identifier = wire.safety_identifier.take().map(Str::into_owned);
    request.service_tier = wire.service_tier.take().map(|tier| (*tier).into());
    request.stream = StreamOptions {
        stream: wire.stream,
        ..StreamOptions::default()
    };
    if let Some(options) = wire.stream_options.take() {
        request.stream.extra.push_own("stream_options", options);
    }
    options_parse::take_text(&mut request, wire.text.take())?;
    options_parse::take_extra(&mut request, wire.extra);
    Ok(request)
}

fn missing(field: &'static str) -> AiError {
    AiError::invalid(format!("missing required parameter: '{field}'"))
        .with_param(field)
        .with_code("missing_required_parameter")
}

/// The text of `instructions`, told apart from system items: it does not become part of the
/// conversation that `previous_response_id` continues.
fn instructions(text: String) -> System {
    let mut extra = Extra::new();
    extra.push_own(INSTRUCTIONS, Raw::from_value(&true.into()));
    System {
        role: SystemRole::System,
        parts: vec![Block::text(text)],
        shape: Shape::Text,
        extra,
        ..System::default()
    }
}

/// Marks what came as `instructions`.
pub(super) const INSTRUCTIONS: &str = "instructions";

/// Marks a conversation that came as one bare string.
pub(super) const BARE_INPUT: &str = "input";

fn take_input(request: &mut Request, input: Option<Content<'_>>) -> Result<(), AiError> {
    match input {
        // A stored prompt or conversation may say it all.
        None => {}
        Some(Content::Text(text)) => {
            let mut message = Message::new(Role::User, vec![Block::text(text.into_owned())]);
            message.shape = Shape::Text;
            let mark = Raw::from_value(&true.into());
            message.extra.push_own(BARE_INPUT, mark);
            request.messages.push(message);
        }
        Some(Content::Parts(items)) => {
            for (position, raw) in items.into_iter().enumerate() {
                item_parse::take(request, raw).map_err(|error| at(&error, position))?;
            }
        }
    }
    Ok(())
}

/// Names the item an error is about.
fn at(error: &AiError, position: usize) -> AiError {
    let numbered = format!("input[{position}]");
    let rename = |path: &str| path.replacen("input", &numbered, 1);
    let named = AiError::invalid(rename(error.message()));
    match error.param() {
        Some(param) => named.with_param(rename(param)),
        None => named,
    }
}

pub(super) fn field(path: &'static str, reason: &str) -> AiError {
    AiError::invalid(format!("{path} {reason}")).with_param(path)
}
