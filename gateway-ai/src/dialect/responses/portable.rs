use crate::{
    canonical::{Block, Request},
    error::AiError,
};

/// Refuses what lives at one provider: another cannot know the answer, conversation or item that
/// an id stands for, and to leave it out would be to answer another question.
pub(in crate::dialect) fn check_portable(request: &Request) -> Result<(), AiError> {
    for (name, value) in request.extra.iter() {
        let refused = match name {
            "previous_response_id" | "conversation" | "prompt" => !value.is_null(),
            "background" => value.as_str() == "true",
            _ => false,
        };
        if refused {
            return Err(AiError::invalid(format!(
                "`{name}` needs a provider of the Responses API, and this model has none; send the \
                 whole conversation in `input` instead"
            ))
            .with_param(name)
            .with_code("unsupported_parameter"));
        }
    }
    let blocks = request.messages.iter().flat_map(|message| &message.content);
    for block in blocks {
        if let Block::Opaque(opaque) = block
            && !opaque.kind.starts_with(super::content_parse::PART)
            && !REPORTED.contains(&opaque.kind.as_str())
        {
            return Err(AiError::invalid(format!(
                "input: an item of type `{}` is only understood by a provider of the Responses API",
                opaque.kind
            ))
            .with_param("input")
            .with_code("unsupported_item"));
        }
    }
    Ok(())
}

/// What hosted tools did in earlier turns: the text around them says what came of it, so that they
/// may be left out, and be named as a loss.
const REPORTED: [&str; 7] = [
    "web_search_call",
    "file_search_call",
    "code_interpreter_call",
    "image_generation_call",
    "mcp_list_tools",
    "mcp_call",
    "additional_tools",
];
