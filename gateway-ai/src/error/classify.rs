use http::StatusCode;

use super::AiErrorKind;

/// The kind of an upstream error, from its code, its type, its words and its status, in that order
/// of trust.
///
/// Status alone is not enough: context overflow is a 400 nearly everywhere, an empty account is a
/// 429 at OpenAI, a 402 at OpenRouter and DeepSeek and a 400 at Anthropic, a dead key is a 400 at
/// Google.
pub(crate) fn classify(
    status: Option<StatusCode>,
    code: Option<&str>,
    upstream_type: Option<&str>,
    message: &str,
) -> AiErrorKind {
    for word in [code, upstream_type].into_iter().flatten() {
        if let Some(kind) = by_word(word) {
            // `rate_limit_error` may still be a used-up quota; `invalid_request_error` and
            // `api_error` may be anything.
            let vague = [
                AiErrorKind::RateLimited,
                AiErrorKind::InvalidRequest,
                AiErrorKind::Server,
            ];
            if !vague.contains(&kind) {
                return kind;
            }
        }
    }
    let refusable = status.is_none_or(|s| s.is_client_error() || s.is_success());
    if refusable && let Some(kind) = by_text(message) {
        return kind;
    }
    for word in [code, upstream_type].into_iter().flatten() {
        if let Some(kind) = by_word(word) {
            return by_status_over(status, kind);
        }
    }
    status.map_or(AiErrorKind::Server, by_status)
}

/// `invalid_request_error` is OpenAI's type for 401 and 404 too, `api_error` Ollama's for 401:
/// there the status knows better.
fn by_status_over(status: Option<StatusCode>, kind: AiErrorKind) -> AiErrorKind {
    match (status, kind) {
        (Some(status), AiErrorKind::InvalidRequest) if !status.is_success() => by_status(status),
        (Some(status), AiErrorKind::Server) if status.is_client_error() => by_status(status),
        _ => kind,
    }
}

fn by_word(word: &str) -> Option<AiErrorKind> {
    WORDS
        .iter()
        .find(|(have, _)| word.eq_ignore_ascii_case(have))
        .map(|(_, kind)| *kind)
}

fn by_text(message: &str) -> Option<AiErrorKind> {
    // Long messages echo the prompt; the reason stands at the beginning.
    let head: String = message
        .chars()
        .take(600)
        .map(|c| c.to_ascii_lowercase())
        .collect();
    TEXTS
        .iter()
        .find(|(text, _)| head.contains(text))
        .map(|(_, kind)| *kind)
}

/// The kind a status alone suggests.
fn by_status(status: StatusCode) -> AiErrorKind {
    match status.as_u16() {
        401 => AiErrorKind::Authentication,
        402 => AiErrorKind::QuotaExhausted,
        403 => AiErrorKind::Permission,
        404 => AiErrorKind::NotFound,
        408 | 504 | 522 | 524 => AiErrorKind::Timeout,
        413 => AiErrorKind::TooLarge,
        429 => AiErrorKind::RateLimited,
        503 | 529 => AiErrorKind::Overloaded,
        400..=499 => AiErrorKind::InvalidRequest,
        _ => AiErrorKind::Server,
    }
}

const WORDS: &[(&str, AiErrorKind)] = &[
    ("context_length_exceeded", AiErrorKind::ContextTooLong),
    ("string_above_max_length", AiErrorKind::ContextTooLong),
    ("content_filter", AiErrorKind::ContentPolicy),
    ("content_policy_violation", AiErrorKind::ContentPolicy),
    ("responsibleaipolicyviolation", AiErrorKind::ContentPolicy),
    ("moderation_blocked", AiErrorKind::ContentPolicy),
    ("insufficient_quota", AiErrorKind::QuotaExhausted),
    ("billing_hard_limit_reached", AiErrorKind::QuotaExhausted),
    ("billing_error", AiErrorKind::QuotaExhausted),
    ("quota_exceeded", AiErrorKind::QuotaExhausted),
    ("service_quota", AiErrorKind::QuotaExhausted),
    ("invalid_api_key", AiErrorKind::Authentication),
    ("authentication_error", AiErrorKind::Authentication),
    ("unauthorized", AiErrorKind::Authentication),
    ("unauthenticated", AiErrorKind::Authentication),
    ("account_deactivated", AiErrorKind::Authentication),
    ("permission_error", AiErrorKind::Permission),
    ("permission_denied", AiErrorKind::Permission),
    ("model_not_found", AiErrorKind::NotFound),
    ("deploymentnotfound", AiErrorKind::NotFound),
    ("not_found_error", AiErrorKind::NotFound),
    ("not_found", AiErrorKind::NotFound),
    ("request_too_large", AiErrorKind::TooLarge),
    ("rate_limit_exceeded", AiErrorKind::RateLimited),
    ("rate_limit_error", AiErrorKind::RateLimited),
    ("resource_exhausted", AiErrorKind::RateLimited),
    ("tokens", AiErrorKind::RateLimited),
    ("requests", AiErrorKind::RateLimited),
    ("timeout", AiErrorKind::Timeout),
    ("timeout_error", AiErrorKind::Timeout),
    ("deadline_exceeded", AiErrorKind::Timeout),
    ("overloaded_error", AiErrorKind::Overloaded),
    ("engine_overloaded", AiErrorKind::Overloaded),
    ("unavailable", AiErrorKind::Overloaded),
    ("server_error", AiErrorKind::Server),
    ("internal_server_error", AiErrorKind::Server),
    ("internal", AiErrorKind::Server),
    ("api_error", AiErrorKind::Server),
    ("invalid_request_error", AiErrorKind::InvalidRequest),
    ("invalid_argument", AiErrorKind::InvalidRequest),
    ("failed_precondition", AiErrorKind::InvalidRequest),
];

const TEXTS: &[(&str, AiErrorKind)] = &[
    ("maximum context length", AiErrorKind::ContextTooLong),
    ("context length exceeded", AiErrorKind::ContextTooLong),
    ("context_length_exceeded", AiErrorKind::ContextTooLong),
    ("prompt is too long", AiErrorKind::ContextTooLong),
    ("input is too long", AiErrorKind::ContextTooLong),
    ("exceeds the context window", AiErrorKind::ContextTooLong),
    ("exceed context limit", AiErrorKind::ContextTooLong),
    (
        "exceeds the available context size",
        AiErrorKind::ContextTooLong,
    ),
    (
        "exceeds the maximum number of tokens",
        AiErrorKind::ContextTooLong,
    ),
    ("too many input tokens", AiErrorKind::ContextTooLong),
    ("input token count", AiErrorKind::ContextTooLong),
    (
        "reduce the length of the messages",
        AiErrorKind::ContextTooLong,
    ),
    ("content management policy", AiErrorKind::ContentPolicy),
    ("content filtering policy", AiErrorKind::ContentPolicy),
    ("content policy", AiErrorKind::ContentPolicy),
    ("safety system", AiErrorKind::ContentPolicy),
    ("usage policies", AiErrorKind::ContentPolicy),
    ("credit balance is too low", AiErrorKind::QuotaExhausted),
    ("exceeded your current quota", AiErrorKind::QuotaExhausted),
    ("insufficient balance", AiErrorKind::QuotaExhausted),
    ("insufficient credits", AiErrorKind::QuotaExhausted),
    ("requires more credits", AiErrorKind::QuotaExhausted),
    ("api key not valid", AiErrorKind::Authentication),
    ("api key is invalid", AiErrorKind::Authentication),
    ("invalid api key", AiErrorKind::Authentication),
    ("incorrect api key", AiErrorKind::Authentication),
    ("api key expired", AiErrorKind::Authentication),
    ("rate limit", AiErrorKind::RateLimited),
    ("too many requests", AiErrorKind::RateLimited),
    (
        "does not exist or you do not have access",
        AiErrorKind::NotFound,
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn is(status: u16, code: &str, kind: &str, message: &str, expect: AiErrorKind) {
        let some = |text: &'static str| (!text.is_empty()).then_some(text);
        let (code, kind) = (code.to_owned().leak(), kind.to_owned().leak());
        let status = StatusCode::from_u16(status).ok();
        assert_eq!(
            classify(status, some(code), some(kind), message),
            expect,
            "{message}"
        );
    }

    #[test]
    fn openai() {
        use AiErrorKind as K;
        is(
            429,
            "insufficient_quota",
            "insufficient_quota",
            "You exceeded your current quota",
            K::QuotaExhausted,
        );
        is(
            429,
            "rate_limit_exceeded",
            "tokens",
            "Rate limit reached for gpt-4o",
            K::RateLimited,
        );
        is(
            400,
            "context_length_exceeded",
            "invalid_request_error",
            "This model's maximum",
            K::ContextTooLong,
        );
        is(
            401,
            "invalid_api_key",
            "invalid_request_error",
            "Incorrect API key",
            K::Authentication,
        );
        is(
            404,
            "model_not_found",
            "invalid_request_error",
            "The model",
            K::NotFound,
        );
        is(
            400,
            "",
            "invalid_request_error",
            "Unrecognized request argument",
            K::InvalidRequest,
        );
        is(
            401,
            "",
            "invalid_request_error",
            "You didn't provide one",
            K::Authentication,
        );
        is(
            503,
            "",
            "server_error",
            "The engine is currently overloaded",
            K::Server,
        );
    }

    #[test]
    fn anthropic() {
        use AiErrorKind as K;
        is(
            400,
            "",
            "invalid_request_error",
            "Your credit balance is too low to access",
            K::QuotaExhausted,
        );
        is(
            400,
            "",
            "invalid_request_error",
            "prompt is too long: 214000 tokens > 200000 maximum",
            K::ContextTooLong,
        );
        is(
            400,
            "",
            "invalid_request_error",
            "Output blocked by content filtering policy",
            K::ContentPolicy,
        );
        is(529, "", "overloaded_error", "Overloaded", K::Overloaded);
        is(
            413,
            "",
            "request_too_large",
            "Request exceeds the maximum size",
            K::TooLarge,
        );
        is(404, "", "not_found_error", "model: claude-x", K::NotFound);
    }

    #[test]
    fn others() {
        use AiErrorKind as K;
        is(402, "", "", "Payment Required", K::QuotaExhausted);
        is(
            400,
            "400",
            "INVALID_ARGUMENT",
            "API key not valid. Please pass a valid API key.",
            K::Authentication,
        );
        is(
            400,
            "content_filter",
            "",
            "The response was filtered",
            K::ContentPolicy,
        );
        is(504, "", "", "<html>", K::Timeout);
        is(500, "", "", "prompt is too long", K::Server);
    }
}
