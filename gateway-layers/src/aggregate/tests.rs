mod asked;

use std::{convert::Infallible, time::Duration};

use gateway_core::{
    Body, Deadline, ErrorKind, GatewayError, Identity, Outcome, Request, Response, Route,
    SharedService,
    body::collect,
    context::{IdentityKind, Params},
    testing::{failing, frames},
};
use http::StatusCode;
use tokio::time::{Instant, sleep};
use tower::{ServiceExt as _, service_fn};

use super::{Aggregate, AggregateBuilder, OnError, Part};

/// `/sleep/MS`, `/status/N`, `/json/TEXT`, `/dead`, `/cut`, `/long`, `/hang`; all else says what it
/// was asked.
fn backend() -> SharedService {
    SharedService::new(service_fn(|request: Request| async move {
        let (parts, body) = request.into_parts();
        let path = parts.uri.path().to_owned();
        let (first, rest) = path[1..].split_once('/').unwrap_or((&path[1..], ""));
        let answer = match first {
            "sleep" => {
                sleep(Duration::from_millis(rest.parse().unwrap())).await;
                Response::new(Body::from(rest.to_owned()))
            }
            "hang" => std::future::pending().await,
            "status" => {
                let mut response = Response::new(Body::from("{}"));
                *response.status_mut() = StatusCode::from_u16(rest.parse().unwrap()).unwrap();
                response
            }
            "json" => Response::new(Body::from(rest.to_owned())),
            "split" => Response::new(frames(&[" [1.0,", "2]", "\n"], None)),
            "cut" => Response::new(failing(&["{"])),
            "long" => Response::new(Body::from(format!("\"{}\"", "x".repeat(1000)))),
            "dead" => {
                let mut response = Response::new(Body::empty());
                let error = GatewayError::new(ErrorKind::UpstreamConnect);
                *response.status_mut() = StatusCode::BAD_GATEWAY;
                response.extensions_mut().insert(error);
                response
            }
            _ => {
                let read = collect(body, 1 << 20).await.unwrap();
                let subject = parts.extensions.get::<Identity>();
                let said = serde_json::json!({
                    "line": format!("{} {}", parts.method, parts.uri),
                    "body": String::from_utf8_lossy(read.bytes()),
                    "accept": parts.headers["accept"].to_str().unwrap(),
                    "range": parts.headers.contains_key("range"),
                    "trace": parts.headers.get("traceparent").map(|v| v.to_str().unwrap()),
                    "a": parts.headers.get("x-a").map(|v| v.to_str().unwrap()),
                    "subject": subject.map(|identity| identity.subject().to_owned()),
                    "observed": parts.extensions.get::<Outcome>().is_some(),
                    "left": parts.extensions.get::<Deadline>()
                        .map(|deadline| deadline.remaining(Instant::now()).as_millis() as u64),
                });
                Response::new(Body::from(said.to_string()))
            }
        };
        Ok::<_, Infallible>(answer)
    }))
}

fn parts(targets: &[(&str, &str)]) -> AggregateBuilder {
    targets
        .iter()
        .fold(Aggregate::builder(), |builder, (name, target)| {
            builder.part(Part::get(name, backend(), target))
        })
}

fn request(id: &str) -> Request {
    let mut request = Request::get("/profile/x?q=1")
        .header("traceparent", "00-1-2-01")
        .header("range", "bytes=0-1")
        .body(Body::empty())
        .unwrap();
    let params: Params = [("id", id)].into_iter().collect();
    let extensions = request.extensions_mut();
    extensions.insert(Route::new("profile".into(), "/profile/{id}".into(), params));
    extensions.insert(Identity::new(IdentityKind::Jwt, "i", "alice"));
    extensions.insert(Outcome::new());
    request
}

struct Answer {
    status: u16,
    body: String,
    partial: Option<String>,
    code: Option<&'static str>,
    timing: String,
    stored: bool,
}

async fn ask(builder: AggregateBuilder, request: Request) -> Answer {
    let response = builder.build().unwrap().oneshot(request).await.unwrap();
    let text = |name: &str| {
        let value = response.headers().get(name);
        value.map(|value| value.to_str().unwrap().to_owned())
    };
    let error = response.extensions().get::<GatewayError>();
    Answer {
        status: response.status().as_u16(),
        partial: text("x-gateway-partial"),
        code: error.map(GatewayError::code),
        timing: text("server-timing").unwrap_or_default(),
        stored: text("cache-control").is_none(),
        body: String::from_utf8(
            collect(response.into_body(), 1 << 20)
                .await
                .unwrap()
                .bytes()
                .to_vec(),
        )
        .unwrap(),
    }
}

#[tokio::test(start_paused = true)]
async fn three_slow_parts_take_as_long_as_the_slowest() {
    let start = Instant::now();
    let all = [
        ("a", "/sleep/100"),
        ("b", "/sleep/200"),
        ("c", "/sleep/300"),
    ];
    let answer = ask(parts(&all), request("7")).await;
    assert_eq!(answer.body, r#"{"a":100,"b":200,"c":300}"#);
    assert!(
        start.elapsed() < Duration::from_millis(310),
        "{:?}",
        start.elapsed()
    );
    assert!(answer.partial.is_none() && answer.stored);
    assert!(answer.timing.starts_with("a;dur=10"), "{}", answer.timing);

    let start = Instant::now();
    ask(parts(&all).sequential(), request("7")).await;
    assert!(start.elapsed() >= Duration::from_millis(600));
    let start = Instant::now();
    ask(parts(&all).concurrency(1), request("7")).await;
    assert!(start.elapsed() >= Duration::from_millis(600));
}

#[tokio::test(start_paused = true)]
async fn bytes_are_those_of_the_parts() {
    let all = [
        ("a", "/split"),
        ("b", "/json/1e400"),
        ("c", "/json/%22x%22"),
    ];
    let answer = ask(parts(&all[..2]), request("7")).await;
    assert_eq!(answer.body, r#"{"a":[1.0,2],"b":1e400}"#);
    assert_eq!(answer.status, 200);
}

#[tokio::test(start_paused = true)]
async fn a_part_that_fails_is_missing_and_named() {
    for (target, code) in [
        ("/dead", "upstream_connect"),
        ("/status/404", "404"),
        ("/json/{{", "upstream_invalid"),
        ("/json/", "upstream_invalid"),
        ("/cut", "upstream_reset"),
        ("/hang", "upstream_timeout"),
        ("/{query:none}", "invalid_parameter"),
    ] {
        let all = [("good", "/json/1"), ("bad", target)];
        let builder = parts(&all).timeout(Duration::from_secs(1));
        let answer = ask(builder.clone(), request("7")).await;
        assert_eq!(
            (answer.status, &*answer.body),
            (200, r#"{"good":1,"bad":null}"#)
        );
        assert_eq!(answer.partial.as_deref(), Some("bad"), "{target}");
        assert!(!answer.stored, "nobody may keep {target}");
        assert!(answer.timing.contains(code), "{target}: {}", answer.timing);

        let strict = ask(builder.strict(true), request("7")).await;
        let expected = match code {
            "upstream_timeout" => 504,
            "invalid_parameter" => 400,
            _ => 502,
        };
        assert_eq!(strict.status, expected, "{target}");
    }
}

#[tokio::test(start_paused = true)]
async fn each_part_says_what_its_failure_means() {
    let part = |on_error| Part::get("bad", backend(), "/dead").on_error(on_error);
    let good = || parts(&[("good", "/json/1")]);
    let omitted = ask(good().part(part(OnError::Omit)), request("7")).await;
    assert_eq!(omitted.body, r#"{"good":1}"#);
    assert_eq!(omitted.partial.as_deref(), Some("bad"));

    let start = Instant::now();
    let slow = parts(&[("good", "/sleep/5000")]);
    let failed = ask(slow.part(part(OnError::Fail)), request("7")).await;
    assert_eq!((failed.status, failed.code), (502, Some("upstream_error")));
    assert!(failed.body.contains("part `bad`"), "{}", failed.body);
    assert!(start.elapsed().is_zero(), "nobody waits for the rest");

    let nothing = ask(parts(&[("a", "/dead"), ("b", "/hang")]), request("7")).await;
    assert_eq!(nothing.status, 502, "{}", nothing.body);
}

#[tokio::test(start_paused = true)]
async fn all_answers_together_have_a_bound() {
    let all = [("a", "/long"), ("b", "/long"), ("c", "/json/1")];
    let answer = ask(parts(&all).max_bytes(1_500), request("7")).await;
    assert_eq!(answer.partial.as_deref(), Some("b"));
    assert!(answer.timing.contains("upstream_too_large"));
    let strict = ask(parts(&all).max_bytes(1_500).strict(true), request("7")).await;
    assert_eq!(
        (strict.status, strict.code),
        (502, Some("upstream_too_large"))
    );
}

#[tokio::test(start_paused = true)]
async fn deadlines_are_kept_and_passed_on() {
    let mut asked = request("7");
    let deadline = Instant::now() + Duration::from_secs(1);
    asked.extensions_mut().insert(Deadline::new(deadline));
    let builder = parts(&[("slow", "/hang"), ("echo", "/echo")])
        .part(Part::get("own", backend(), "/echo").timeout(Duration::from_millis(300)));
    let answer = ask(builder, asked).await;
    assert!(Instant::now() < deadline, "the partial answer is in time");
    assert_eq!(answer.partial.as_deref(), Some("slow"));
    let read: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(read["echo"]["left"], 990);
    assert_eq!(read["own"]["left"], 300);
}

#[tokio::test(start_paused = true)]
async fn who_takes_no_json_gets_none() {
    let mut asked = request("7");
    asked
        .headers_mut()
        .insert("accept", "text/html".parse().unwrap());
    let answer = ask(parts(&[("a", "/json/1")]), asked).await;
    assert_eq!((answer.status, answer.code), (406, Some("not_acceptable")));
}

#[test]
fn a_plan_calls_nobody() {
    let aggregate = parts(&[("user", "/hang/{id}"), ("bad", "/{query:none}")]);
    let plan = aggregate
        .build()
        .unwrap()
        .plan(&request("7").into_parts().0);
    assert_eq!(plan[0].target, Ok("/hang/7".to_owned()));
    assert!(plan[1].target.as_ref().unwrap_err().contains("missing"));
}
