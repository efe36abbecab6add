use bytes::BytesMut;
use gateway_ai::{
    canonical::{Event, Start},
    dialect::{Dialect, ReplyContext},
    error::{AiError, AiErrorKind},
};
use http::{HeaderMap, StatusCode};

use super::{DIALECTS, table::Grid};

/// A provider's refusal: how each dialect's providers say it, in the order of [`DIALECTS`], and what
/// it means.
struct Failure {
    title: &'static str,
    kind: AiErrorKind,
    said: [(u16, &'static str); 5],
}

const OPENAI_LIMIT: &str =
    r#"{"error":{"message":"slow down","type":"rate_limit_error","code":"rate_limit_exceeded"}}"#;
const OPENAI_QUOTA: &str =
    r#"{"error":{"message":"no money","type":"insufficient_quota","code":"insufficient_quota"}}"#;
const OPENAI_BAD: &str =
    r#"{"error":{"message":"bad","type":"invalid_request_error","param":"temperature"}}"#;
const OPENAI_LONG: &str = r#"{"error":{"message":"too long","type":"invalid_request_error","code":"context_length_exceeded"}}"#;
const OPENAI_MODEL: &str = r#"{"error":{"message":"no such model","type":"invalid_request_error","code":"model_not_found"}}"#;
const OPENAI_DOWN: &str = r#"{"error":{"message":"oops","type":"server_error"}}"#;
const OPENAI_BUSY: &str =
    r#"{"error":{"message":"busy","type":"server_error","code":"engine_overloaded"}}"#;

const FAILURES: &[Failure] = &[
    Failure {
        title: "request at fault",
        kind: AiErrorKind::InvalidRequest,
        said: [
            (400, OPENAI_BAD),
            (400, OPENAI_BAD),
            (
                400,
                r#"{"type":"error","error":{"type":"invalid_request_error","message":"bad"}}"#,
            ),
            (
                400,
                r#"{"error":{"code":400,"message":"bad","status":"INVALID_ARGUMENT"}}"#,
            ),
            (400, r#"{"__type":"ValidationException","message":"bad"}"#),
        ],
    },
    Failure {
        title: "conversation too long",
        kind: AiErrorKind::ContextTooLong,
        said: [
            (400, OPENAI_LONG),
            (400, OPENAI_LONG),
            (
                400,
                r#"{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 210000 tokens > 200000 maximum"}}"#,
            ),
            (
                400,
                r#"{"error":{"code":400,"message":"The input token count (2000000) exceeds the maximum number of tokens allowed (1048576).","status":"INVALID_ARGUMENT"}}"#,
            ),
            (
                400,
                r#"{"__type":"ValidationException","message":"Input is too long for requested model."}"#,
            ),
        ],
    },
    Failure {
        title: "no such model",
        kind: AiErrorKind::NotFound,
        said: [
            (404, OPENAI_MODEL),
            (404, OPENAI_MODEL),
            (
                404,
                r#"{"type":"error","error":{"type":"not_found_error","message":"no such model"}}"#,
            ),
            (
                404,
                r#"{"error":{"code":404,"message":"no such model","status":"NOT_FOUND"}}"#,
            ),
            (
                404,
                r#"{"__type":"ResourceNotFoundException","message":"no such model"}"#,
            ),
        ],
    },
    Failure {
        title: "too many requests",
        kind: AiErrorKind::RateLimited,
        said: [
            (429, OPENAI_LIMIT),
            (429, OPENAI_LIMIT),
            (
                429,
                r#"{"type":"error","error":{"type":"rate_limit_error","message":"slow down"}}"#,
            ),
            (
                429,
                r#"{"error":{"code":429,"message":"slow down","status":"RESOURCE_EXHAUSTED"}}"#,
            ),
            (
                429,
                r#"{"__type":"ThrottlingException","message":"slow down"}"#,
            ),
        ],
    },
    Failure {
        title: "quota used up",
        kind: AiErrorKind::QuotaExhausted,
        said: [
            (429, OPENAI_QUOTA),
            (429, OPENAI_QUOTA),
            (
                400,
                r#"{"type":"error","error":{"type":"invalid_request_error","message":"Your credit balance is too low to access the Anthropic API."}}"#,
            ),
            (0, ""),
            (0, ""),
        ],
    },
    Failure {
        title: "overloaded",
        kind: AiErrorKind::Overloaded,
        said: [
            (503, OPENAI_BUSY),
            (503, OPENAI_BUSY),
            (
                529,
                r#"{"type":"error","error":{"type":"overloaded_error","message":"busy"}}"#,
            ),
            (
                503,
                r#"{"error":{"code":503,"message":"busy","status":"UNAVAILABLE"}}"#,
            ),
            (
                503,
                r#"{"__type":"ServiceUnavailableException","message":"busy"}"#,
            ),
        ],
    },
    Failure {
        title: "failed",
        kind: AiErrorKind::Server,
        said: [
            (500, OPENAI_DOWN),
            (500, OPENAI_DOWN),
            (
                500,
                r#"{"type":"error","error":{"type":"api_error","message":"oops"}}"#,
            ),
            (
                500,
                r#"{"error":{"code":500,"message":"oops","status":"INTERNAL"}}"#,
            ),
            (
                500,
                r#"{"__type":"InternalServerException","message":"oops"}"#,
            ),
        ],
    },
];

fn heard(failure: &Failure, from: Dialect) -> Option<AiError> {
    let place = DIALECTS.iter().position(|dialect| *dialect == from)?;
    let (status, body) = failure.said[place];
    let status = StatusCode::from_u16(status).ok()?;
    Some(from.parse_error(status, &HeaderMap::new(), body.as_bytes()))
}

/// What a client of `to` makes of it, at the head of an answer and in the middle of one.
fn cell(error: &AiError, to: Dialect, wrong: &mut Vec<String>) -> String {
    let (status, body) = to.print_error(error);
    let again = to.parse_error(status, &HeaderMap::new(), &body);
    if again.message() != error.client_message() {
        wrong.push(format!(
            "{to}: {:?} became {:?}",
            error.client_message(),
            again.message()
        ));
    }
    // A dead or empty key is the gateway's and no affair of the client; and not every dialect has a
    // word for a conversation that is too long.
    let expected = if error.is_gateway_credential() {
        status.is_server_error() && again.kind() == AiErrorKind::Server
    } else if error.kind() == AiErrorKind::ContextTooLong {
        status == StatusCode::BAD_REQUEST
    } else {
        again.kind().class() == error.kind().class()
    };
    if !expected {
        wrong.push(format!(
            "{to}: {:?} became {:?}",
            error.kind(),
            again.kind()
        ));
    }
    let mut printer = to.stream_printer(ReplyContext::default().with_identity("id_1", 1));
    let mut out = BytesMut::new();
    printer.push(&Event::Start(Start::default()), &mut out);
    printer.push(&Event::Error(error.clone()), &mut out);
    let before = out.len();
    printer.push(&Event::End, &mut out);
    if out.len() != before {
        wrong.push(format!("{to}: something follows an error"));
    }
    let mut parser = to.stream_parser();
    let mut events = Vec::new();
    parser.push(&out, &mut events);
    parser.finish(&mut events);
    match events.last() {
        Some(Event::Error(streamed)) if streamed.message() == error.client_message() => {}
        other => wrong.push(format!("{to}: a stream ends in {other:?}")),
    }
    format!("{} `{}`", status.as_u16(), again.kind().as_str())
}

/// The tables of failures, and everything that was not understood or not said.
pub(crate) fn grids() -> (Vec<Grid>, Vec<String>) {
    let mut wrong = Vec::new();
    let grids = FAILURES.iter().map(|failure| {
        let note = "its providers have no words of their own for it";
        Grid::new(failure.title, note, |to, from| {
            let Some(error) = heard(failure, from) else {
                return "–".to_owned();
            };
            if error.kind() != failure.kind {
                wrong.push(format!("{} of {from}: {error:?}", failure.title));
            }
            cell(&error, to, &mut wrong)
        })
    });
    (grids.collect(), wrong)
}

#[test]
fn a_byte_order_mark_hides_no_failure() {
    for failure in FAILURES {
        for (dialect, (status, body)) in DIALECTS.into_iter().zip(failure.said) {
            // No status: a dialect whose providers do not fail so.
            let Ok(status) = StatusCode::from_u16(status) else {
                assert!(body.is_empty(), "{dialect}: {body}");
                continue;
            };
            let read = |body: &str| {
                let error = dialect.parse_error(status, &HeaderMap::new(), body.as_bytes());
                format!("{error:?}")
            };
            assert_eq!(read(&format!("\u{feff}{body}")), read(body), "{dialect}");
        }
    }
}

#[test]
fn every_failure_keeps_its_class_and_its_words() {
    let (_, wrong) = grids();
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
}
