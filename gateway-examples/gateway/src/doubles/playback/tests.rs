use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt;

use super::stage::Act;
use super::stage::Cue;
use super::*;
use crate::doubles::fault::Fault;
use crate::doubles::stats::Captured;
use crate::doubles::stats::Stats;

const PACE: Duration = Duration::from_millis(10);

fn script() -> Script {
    let mut script = Script::default();
    script.mark("head ");
    for word in ["one ", "two ", "three "] {
        script.content(word, 1);
    }
    script.tail = vec![Bytes::from("end")];
    script.error = Bytes::from("ERROR");
    script.malformed = Bytes::from("BROKEN ");
    script
}

fn fault(text: &str) -> Fault {
    text.parse().unwrap()
}

fn shown(cues: &[Cue]) -> String {
    cues.iter()
        .map(|cue| match &cue.act {
            Act::Send { bytes, .. } => String::from_utf8(bytes.to_vec()).unwrap(),
            Act::Break => "BREAK".to_owned(),
            Act::Hang => "HANG".to_owned(),
        })
        .collect()
}

fn staged(text: &str) -> String {
    shown(&stage(script(), PACE, &fault(text)))
}

#[test]
fn each_fault_falls_where_it_says() {
    assert_eq!(
        shown(&stage(script(), PACE, &Fault::default())),
        "head one two three end"
    );
    assert_eq!(staged("cut_after_tokens=2"), "head one two BREAK");
    assert_eq!(staged("cut_after_tokens=0"), "head BREAK");
    assert_eq!(staged("cut_after_tokens=99"), "head one two three BREAK");
    assert_eq!(staged("error_event_after_chunks=0"), "head ERROR");
    assert_eq!(staged("error_event_after_chunks=1"), "head one ERROR");
    assert_eq!(
        staged("error_event_after_chunks=9"),
        "head one two three ERROR"
    );
    assert_eq!(staged("malformed_sse"), "head one BROKEN two three end");
    assert_eq!(staged("empty_stream"), "");
    assert_eq!(staged("silence"), "HANG");
    assert_eq!(staged("slow_first_token=2s"), "head one two three end");
}

#[test]
fn only_content_is_paced() {
    let waits = |text: &str| -> Vec<u128> {
        let cues = stage(script(), PACE, &fault(text));
        cues.iter().map(|cue| cue.after.as_millis()).collect()
    };
    assert_eq!(waits("latency=1s"), [0, 10, 10, 10, 0]);
    assert_eq!(waits("slow_first_token=2s"), [0, 2000, 10, 10, 0]);
}

#[test]
fn a_document_is_cut_half_way() {
    let document = Bytes::from("12345678");
    let whole = |text: &str| shown(&stage_whole(document.clone(), 1, &fault(text)));
    assert_eq!(whole("latency=1s"), "12345678");
    assert_eq!(whole("cut_after_tokens=3"), "1234BREAK");
    assert_eq!(whole("malformed_sse"), "1234");
    assert_eq!(whole("silence"), "HANG");
    assert_eq!(whole("empty_stream"), "");
}

fn ticket(stats: &Stats) -> crate::doubles::stats::Ticket {
    let (parts, ()) = http::Request::new(()).into_parts();
    stats.begin(Captured::new(&parts, &Bytes::new()))
}

#[tokio::test(start_paused = true)]
async fn the_pace_is_kept_and_everything_is_counted() {
    let stats = Stats::default();
    let began = tokio::time::Instant::now();
    let body = Playback::stream(stage(script(), PACE, &Fault::default()), ticket(&stats));
    assert_eq!(stats.snapshot().in_flight, 1);
    #[expect(
        clippy::disallowed_methods,
        reason = "the body is a script of a few bytes"
    )]
    let text = body.collect().await.unwrap().to_bytes();
    assert_eq!(text, "head one two three end");
    assert_eq!(began.elapsed(), PACE * 3);
    let now = stats.snapshot();
    assert_eq!(
        (now.in_flight, now.cancelled, now.completion_tokens),
        (0, 0, 3)
    );
    assert_eq!(now.bytes_sent, 22);
}

#[tokio::test(start_paused = true)]
async fn leaving_early_is_a_cancellation() {
    let stats = Stats::default();
    let mut body = Playback::stream(stage(script(), PACE, &Fault::default()), ticket(&stats));
    body.frame().await.unwrap().unwrap();
    body.frame().await.unwrap().unwrap();
    drop(body);
    let now = stats.snapshot();
    assert_eq!(
        (now.in_flight, now.cancelled, now.completion_tokens),
        (0, 1, 1)
    );
}

#[tokio::test(start_paused = true)]
async fn a_break_is_an_error_after_what_was_sent() {
    let stats = Stats::default();
    let cues = stage(script(), PACE, &fault("cut_after_tokens=1"));
    let mut body = Playback::stream(cues, ticket(&stats));
    assert_eq!(
        body.frame().await.unwrap().unwrap().into_data().unwrap(),
        "head "
    );
    assert_eq!(
        body.frame().await.unwrap().unwrap().into_data().unwrap(),
        "one "
    );
    assert!(body.frame().await.unwrap().is_err());
    assert!(body.frame().await.is_none());
}
